#!/bin/sh
# Builds every mutant of the core (mutants.txt) and requires that the tests notice it.
#
#   run_mutants.sh BUILD_FACTS [NUMBER...]
#
# BUILD_FACTS is a file that CMake writes: compiler, objects and archives of the tests
# that are built already.  Only the mutated file is compiled; its object comes before
# the archive in the link, so that the archive's own is never pulled in.  JOBS (2) run
# side by side.  With numbers, only those mutants.  TESTS ("unit sim") names the tests to
# try, in this order: TESTS=sim shows what the simulator notices alone.
set -eu

facts=$1
shift
fact() { sed -n "s/^$1=//p" "$facts"; }
scratch=$(fact scratch)

# ---- one mutant ------------------------------------------------------------------

# $1 file, $2 the text to find, $3 what stands there instead; to stdout.
mutate() {
  FIND=$2 REPLACE=$3 awk '
    { text = text $0 "\n" }
    END {
      at = index(text, ENVIRON["FIND"])
      if (at == 0) { print "not found: " ENVIRON["FIND"] > "/dev/stderr"; exit 1 }
      before = substr(text, 1, at - 1)
      after = substr(text, at + length(ENVIRON["FIND"]))
      if (index(after, ENVIRON["FIND"])) {
        print "found twice: " ENVIRON["FIND"] > "/dev/stderr"; exit 1
      }
      printf "%s%s%s", before, ENVIRON["REPLACE"], after
    }' "$1"
}

# Links the object $3 (or nothing) with those of test $1 and runs it in the folder $2;
# true if the test passes.
passes() {
  # shellcheck disable=SC2046,SC2086  # lists of paths without spaces
  $(fact cxx) -o "$2/$1" ${3:-} $(fact "$1") $(fact archives) || exit 2
  MCPCTL_SIM_SEEDS=5000 MCPCTL_SIM_DIGEST=ignore timeout 60 "$2/$1" >"$2/$1.log" 2>&1
}

if [ "${1:-}" = --one ]; then
  folder=$2
  file=$(cat "$folder/file")
  sentence=$(cat "$folder/sentence")
  mutate "$(fact source)/$file" "$(cat "$folder/find")" "$(cat "$folder/replace")" \
    >"$folder/mutant.cc"
  # shellcheck disable=SC2046
  $(fact cxx) $(fact flags) -include "$scratch/library.h" -w -c "$folder/mutant.cc" \
    -o "$folder/mutant.o"
  for test in ${TESTS:-unit sim}; do
    if passes "$test" "$folder" "$folder/mutant.o"; then continue; fi
    echo "killed by $test: $sentence"
    rm -f "$folder/unit" "$folder/sim" "$folder/mutant.o"
    exit 0
  done
  echo "SURVIVED: $sentence ($file)"
  exit 1
fi

# ---- all of them -----------------------------------------------------------------

rm -rf "$scratch"
mkdir -p "$scratch"
awk -v scratch="$scratch" '
  function put(name, text) { printf "%s", text > (folder "/" name); close(folder "/" name) }
  /^#/ { next }
  /^$/ { line = 0; next }
  { line++ }
  line == 1 {
    folder = sprintf("%s/%02d", scratch, ++count)
    system("mkdir -p " folder)
    put("sentence", $0)
  }
  line == 2 { put("file", $0) }
  line == 3 { put("find", substr($0, 3)) }
  line == 4 { put("replace", substr($0, 3)) }
' "$(dirname "$0")/mutants.txt"

# The library's headers, which are most of what a mutant's compilation is about: once.
cat "$(fact source)"/base/*.h "$(fact source)"/config/*.h "$(fact source)"/supervisor/*.h \
  "$(fact source)"/supervisor/*.cc | grep '^#include <[a-z_]*>$' | sort -u >"$scratch/library.h"
# shellcheck disable=SC2046
$(fact cxx) $(fact flags) -w -x c++-header "$scratch/library.h" -o "$scratch/library.h.gch"

# Without a mutation they must pass, or a failure would say nothing.
mkdir -p "$scratch/unchanged"
for test in unit sim; do
  passes $test "$scratch/unchanged" || { echo "$test fails without any mutant" >&2; exit 1; }
done

if [ $# -gt 0 ]; then
  chosen=
  for number in "$@"; do chosen="$chosen $scratch/$(printf %02d "$number")"; done
else
  chosen=$(ls -d "$scratch"/[0-9]*)
fi

count=$(echo $chosen | wc -w)
if echo $chosen | tr ' ' '\n' | xargs -P "${JOBS:-2}" -n 1 sh "$0" "$facts" --one; then
  echo "all $count mutants were noticed"
else
  echo "the tests let a mutant pass (or one could not be made): see above" >&2
  exit 1
fi

// A legacy server with tasks (MCP 2025-11-25), in a shell, for tests.  Its tasks are t-1,
// t-2, … as those of every such server; what it says of them names the server, $NAME.
// Its list has one task on each page.
#pragma once
#include <string>

namespace mcpctl {

inline const std::string task_server = R"sh(
answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
task() { printf '"taskId":"%s","status":"%s","statusMessage":"of %s"' "$1" "$2" "$NAME"; }
related() { printf '"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"%s"}}' "$1"; }
last=0
while read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  named=${line#*'"taskId":"'}; named=${named%%'"'*}
  case $line in
    *'"notifications/'*) ;;
    *'"initialize"'*) answer '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{},'\
'"tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}},'\
'"serverInfo":{"name":"tasks","version":"1"}}' ;;
    *'"ping"'*) answer '"result":{}' ;;
    *'"tools/list"'*) answer '"result":{"tools":[{"name":"work","inputSchema":{"type":"object"},'\
'"execution":{"taskSupport":"required"}}]}' ;;
    *'"tools/call"'*) last=$((last + 1))
      answer "\"result\":{\"task\":{$(task t-$last working)}}"
      printf '{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{%s,%s}}\n' \
        "$(task t-$last working)" "$(related t-$last)" ;;
    *'"tasks/get"'*) answer "\"result\":{$(task "$named" working)}" ;;
    *'"tasks/cancel"'*) answer "\"result\":{$(task "$named" cancelled)}" ;;
    *'"tasks/result"'*) answer "\"result\":{\"content\":[{\"type\":\"text\",\
\"text\":\"$named of $NAME\"}],$(related "$named")}" ;;
    *'"tasks/list"'*'"cursor":"'*) page=${line#*'"cursor":"'}; page=${page%%'"'*}
      more=; [ "$page" = "$last" ] || more=",\"nextCursor\":\"$((page + 1))\""
      answer "\"result\":{\"tasks\":[{$(task t-$page working)}]$more}" ;;
    *'"tasks/list"'*) answer '"result":{"tasks":[],"nextCursor":"1"}' ;;
    *) answer '"error":{"code":-32601,"message":"method not found"}' ;;
  esac
done)sh";

}  // namespace mcpctl

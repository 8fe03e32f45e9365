// Servers with tasks, in a shell, for tests.  Their tasks are t-1, t-2, … as those of every
// such server; what they say of them names the server, $NAME.
#pragma once
#include <string>

namespace mcpctl {

/// A legacy one (MCP 2025-11-25).  Its list has one task on each page.
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

/// A modern one with the extension (MCP 2026-07-28).  Who has not declared that gets a plain
/// answer.  It says that a task has ended to whoever begins to listen for it.
inline const std::string extended_task_server = R"sh(
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":{"resultType":%s}}\n' "$id" "$1"; }
task() {
  printf '"taskId":"%s","status":"%s","statusMessage":"of %s","ttlMs":null' "$1" "$2" "$NAME"
}
say() { printf '{"jsonrpc":"2.0","method":"notifications/%s","params":{"_meta":{'\
'"io.modelcontextprotocol/subscriptionId":%s},%s}}\n' "$1" "$id" "$2"; }
last=0
while read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  named=${line#*'"taskId":"'}; named=${named%%'"'*}
  case $line in
    *'"server/discover"'*) answer '"complete","supportedVersions":["2026-07-28"],"capabilities":'\
'{"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}},"ttlMs":0,"cacheScope":"private"' ;;
    *'"tools/list"'*) answer '"complete","tools":[{"name":"work",'\
'"inputSchema":{"type":"object"}}],"ttlMs":0,"cacheScope":"private"' ;;
    *'"tools/call"'*'"io.modelcontextprotocol/tasks"'*) last=$((last + 1))
      answer "\"task\",$(task t-$last working)" ;;
    *'"tools/call"'*) answer '"complete","content":[{"type":"text","text":"done"}]' ;;
    *'"tasks/get"'*) answer "\"complete\",$(task "$named" working)" ;;
    *'"tasks/'*) answer "\"complete\",\"_meta\":{\"acknowledged\":\"$named\"}" ;;
    *'"subscriptions/listen"'*'"taskIds":['*) ids=${line#*'"taskIds":['}; ids=${ids%%']'*}
      say subscriptions/acknowledged "\"notifications\":{\"taskIds\":[$ids]}"
      ids=${ids#'"'}; say tasks "$(task "${ids%%'"'*}" completed)" ;;
    *'"subscriptions/listen"'*) say subscriptions/acknowledged '"notifications":{}' ;;
    *'"notifications/'*) ;;
    *) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"?"}}\n' "$id" ;;
  esac
done)sh";

}  // namespace mcpctl

/* The MCP server behind the door in every measurement, on stdio: tool "echo" gives back
 * its argument "message", tool "large" a text of 1 MiB.  What one read brings is answered
 * by one write.  It trusts its clients: the first "id", "method" and "name" are taken.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

enum { block_size = 1 << 16, large_size = 1 << 20 };

static struct text heard;
static struct text answers;
static char large[large_size];

static void add_string(struct text* text, const char* more) { add(text, more, strlen(more)); }

/* What follows `key` in the line; NULL if it is not there. */
static const char* behind(const char* line, size_t size, const char* key) {
  const char* const found = memmem(line, size, key, strlen(key));
  return found == NULL ? NULL : found + strlen(key);
}

static int starts(const char* text, const char* with) {
  return text != NULL && strncmp(text, with, strlen(with)) == 0;
}

/* NULL for what is not the same for everybody. */
static const char* fixed_answer(const char* method) {
  if (starts(method, "tools/call\"") || starts(method, "initialize\"")) return NULL;
  if (starts(method, "ping\"")) return "\"result\":{}";
  if (starts(method, "tools/list\"")) {
    return "\"result\":{\"tools\":["
           "{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}},"
           "{\"name\":\"large\",\"inputSchema\":{\"type\":\"object\"}}]}";
  }
  return "\"error\":{\"code\":-32601,\"message\":\"method not found\"}";
}

/* In the version that the client wants. */
static void add_greeting(const char* line, size_t size) {
  const char* const version = behind(line, size, "\"protocolVersion\":\"");
  add_string(&answers, "\"result\":{\"protocolVersion\":\"");
  if (version != NULL) add(&answers, version, strcspn(version, "\""));
  add_string(&answers, "\",\"capabilities\":{\"tools\":{}},"
                       "\"serverInfo\":{\"name\":\"echo\",\"version\":\"1\"}}");
}

static void add_tool_result(const char* line, size_t size) {
  add_string(&answers, "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"");
  if (starts(behind(line, size, "\"name\":\""), "large\"")) {
    add(&answers, large, large_size);
  } else {
    const char* const message = behind(line, size, "\"message\":\"");
    if (message != NULL) add(&answers, message, strcspn(message, "\""));
  }
  add_string(&answers, "\"}]}");
}

/* `line` ends with its '\n', which stops every search that runs too far. */
static void answer(const char* line, size_t size) {
  const char* const id = behind(line, size, "\"id\":");
  const char* const method = behind(line, size, "\"method\":\"");
  if (id == NULL || method == NULL) return;
  add_string(&answers, "{\"jsonrpc\":\"2.0\",\"id\":");
  add(&answers, id, strcspn(id, ",}\n"));
  add_string(&answers, ",");
  const char* const fixed = fixed_answer(method);
  if (fixed != NULL)
    add_string(&answers, fixed);
  else if (starts(method, "initialize\""))
    add_greeting(line, size);
  else
    add_tool_result(line, size);
  add_string(&answers, "}\n");
}

static void write_answers(void) {
  for (size_t written = 0; written < answers.size;) {
    const ssize_t more = write(1, answers.at + written, answers.size - written);
    if (more < 0) exit(1);
    written += (size_t)more;
  }
  answers.size = 0;
}

int main(void) {
  static char block[block_size];
  memset(large, 'x', sizeof large);
  for (ssize_t got; (got = read(0, block, sizeof block)) > 0;) {
    add(&heard, block, (size_t)got);
    size_t start = 0;
    for (const char* end; (end = memchr(heard.at + start, '\n', heard.size - start)) != NULL;) {
      const size_t size = (size_t)(end - (heard.at + start)) + 1;
      answer(heard.at + start, size);
      start += size;
    }
    heard.size -= start;
    memmove(heard.at, heard.at + start, heard.size);
    write_answers();
  }
  return 0;
}

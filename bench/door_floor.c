/* The least that carries MCP over HTTP to a server on stdio, as the bound of what a door
 * can reach on this machine: one thread, epoll, keep-alive, an id of its own for the
 * server and the client's back, what came in one turn written to the pipe at once.  It
 * trusts everybody: no check of anything, no sessions, one request at a time per client.
 *   bench_door_floor PORT PROGRAM [ARGUMENT...]
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "text.h"

enum { block_size = 1 << 16, pipe_size = 1 << 20, most_clients = 20000, longest_id = 32 };

struct client {
  struct text heard;
  char id[longest_id];
  size_t id_size;
};

static struct client* clients[most_clients]; /* by descriptor */
static struct text to_server;
static struct text from_server;
static size_t scanned; /* of from_server: no line ends there */
static char block[block_size];

static void drop_front(struct text* text, size_t size) {
  text->size -= size;
  memmove(text->at, text->at + size, text->size);
}

/* Where the value of the first "id" is; its size is 0 if there is none. */
static const char* find_id(const char* message, size_t size, size_t* id_size) {
  static const char key[] = "\"id\":";
  const char* const found = memmem(message, size, key, sizeof key - 1);
  *id_size = 0;
  if (found == NULL) return NULL;
  const char* const id = found + sizeof key - 1;
  const char* const end = message + size;
  while (id + *id_size < end && id[*id_size] != ',' && id[*id_size] != '}') ++*id_size;
  return id;
}

static void send_all(int socket, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes += sent;
    size -= (size_t)sent;
  }
}

static void respond(int socket, const char* status, const char* const parts[3],
                    const size_t sizes[3]) {
  static struct text out;
  char head[256];
  const int head_size = snprintf(head, sizeof head,
                                 "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                                 "Mcp-Session-Id: floor\r\nContent-Length: %zu\r\n\r\n",
                                 status, sizes[0] + sizes[1] + sizes[2]);
  out.size = 0;
  add(&out, head, (size_t)head_size);
  for (int i = 0; i < 3; ++i) add(&out, parts[i], sizes[i]);
  send_all(socket, out.at, out.size);
}

static void begin_stream(int socket) {
  static const char head[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  send_all(socket, head, sizeof head - 1);
}

static void relay_request(int socket, struct client* client, const char* body, size_t size) {
  size_t id_size;
  const char* const id = find_id(body, size, &id_size);
  if (id == NULL) {
    add(&to_server, body, size);
    respond(socket, "202 Accepted", (const char* const[3]){"", "", ""}, (const size_t[3]){0});
  } else {
    char number[16];
    client->id_size = id_size < longest_id ? id_size : longest_id;
    memcpy(client->id, id, client->id_size);
    add(&to_server, body, (size_t)(id - body));
    add(&to_server, number, (size_t)snprintf(number, sizeof number, "%d", socket));
    add(&to_server, id + id_size, size - (size_t)(id - body) - id_size);
  }
  add(&to_server, "\n", 1);
}

static void hear_client(int socket) {
  struct client* const client = clients[socket];
  const ssize_t got = recv(socket, block, sizeof block, 0);
  if (got <= 0) {
    close(socket);
    free(client->heard.at);
    free(client);
    clients[socket] = NULL;
    return;
  }
  add(&client->heard, block, (size_t)got);
  add(&client->heard, "", 1); /* an end for strtoul and strcasestr */
  --client->heard.size;
  char* const head = client->heard.at;
  char* const end = memmem(head, client->heard.size, "\r\n\r\n", 4);
  if (end == NULL) return;
  const size_t head_size = (size_t)(end - head) + 4;
  if (head[0] == 'G') {
    begin_stream(socket);
    drop_front(&client->heard, head_size);
    return;
  }
  const char* const length = strcasestr(head, "\r\ncontent-length:");
  const size_t size = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
  if (client->heard.size < head_size + size) return;
  relay_request(socket, client, head + head_size, size);
  drop_front(&client->heard, head_size + size);
}

static void answer(const char* line, size_t size) {
  size_t id_size;
  const char* const id = find_id(line, size, &id_size);
  const int socket = id == NULL ? 0 : atoi(id);
  if (socket <= 0 || socket >= most_clients || clients[socket] == NULL) return;
  const struct client* const client = clients[socket];
  const char* const rest = id + id_size;
  respond(socket, "200 OK", (const char* const[3]){line, client->id, rest},
          (const size_t[3]){(size_t)(id - line), client->id_size, (size_t)(line + size - rest)});
}

static void hear_server(int pipe) {
  ssize_t got;
  while ((got = read(pipe, block, sizeof block)) > 0) {
    add(&from_server, block, (size_t)got);
    if ((size_t)got < sizeof block) break;
  }
  if (got == 0) exit(0);
  size_t start = 0;
  for (const char* end;
       (end = memchr(from_server.at + scanned, '\n', from_server.size - scanned)) != NULL;) {
    const char* const line = from_server.at + start;
    answer(line, (size_t)(end - line));
    start = scanned = (size_t)(end - from_server.at) + 1;
  }
  drop_front(&from_server, start);
  scanned = from_server.size;
}

static void write_to_server(int pipe) {
  for (size_t written = 0; written < to_server.size;) {
    const ssize_t more = write(pipe, to_server.at + written, to_server.size - written);
    if (more < 0) exit(1);
    written += (size_t)more;
  }
  to_server.size = 0;
}

static void watch(int epoll, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static void accept_clients(int epoll, int listener) {
  const int on = 1;
  for (int socket; (socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
    if (socket >= most_clients) exit(1);
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients[socket] = calloc(1, sizeof *clients[socket]);
    watch(epoll, socket);
  }
}

static int listen_on(const char* port) {
  const int on = 1;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) exit(1);
  if (listen(listener, 4096) != 0) exit(1);
  return listener;
}

int main(int count, char** words) {
  int requests[2];
  int answers[2];
  if (count < 3 || pipe2(requests, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0) return 2;
  signal(SIGPIPE, SIG_IGN);
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid(); /* as every supervisor does; it also makes the scheduler's group its own */
    dup2(requests[0], 0);
    dup2(answers[1], 1);
    execvp(words[2], words + 2);
    _exit(127);
  }
  close(requests[0]);
  close(answers[1]);
  fcntl(answers[0], F_SETPIPE_SZ, pipe_size);
  fcntl(answers[0], F_SETFL, O_NONBLOCK);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int listener = listen_on(words[1]);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  watch(epoll, answers[0]);
  for (;;) {
    struct epoll_event events[256];
    const int ready = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == listener)
        accept_clients(epoll, listener);
      else if (descriptor == answers[0])
        hear_server(answers[0]);
      else
        hear_client(descriptor);
    }
    write_to_server(requests[1]);
  }
}

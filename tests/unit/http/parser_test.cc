#include "http/parser.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mcpctl::http;

namespace {

/// What became of some bytes: every message taken, then what refused the next.
struct Verdict {
  std::vector<Request> requests;
  int refused{0};  // the status; 0: nothing was refused
  std::string reason;
  bool waits{false};  // for more of a message that has begun

  std::string text() const {
    std::string text;
    for (const Request& request : requests) {
      text += std::string{request.method} + " " + request.target + " [" + request.body + "] ";
    }
    return text + (refused != 0 ? std::to_string(refused) : waits ? "waits" : "idle");
  }
};

Verdict parse(std::string_view bytes, std::size_t step) {
  RequestParser parser;
  Verdict verdict;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view part = bytes.substr(at, step);
    while (!part.empty()) {
      const Fed fed = parser.feed(part);
      part.remove_prefix(fed.consumed);
      if (fed.progress == Progress::failed) {
        verdict.refused = parser.refusal().status;
        verdict.reason = parser.refusal().reason;
        return verdict;
      }
      if (fed.progress == Progress::complete) {
        verdict.requests.push_back(parser.request());
        parser.next();
      }
    }
  }
  verdict.waits = parser.is_begun();
  return verdict;
}

/// The verdict, which no split of the bytes may change.
Verdict parse(std::string_view bytes) {
  const Verdict whole = parse(bytes, bytes.size());
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{4096}}) {
    const Verdict split = parse(bytes, step);
    CAPTURE(step);
    CHECK(split.text() == whole.text());
    CHECK(split.reason == whole.reason);
  }
  return whole;
}

std::string many(std::size_t count, std::string_view text) {
  std::string repeated;
  for (std::size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

const std::string post_head = "POST /p HTTP/1.1\r\nHost: h\r\n";

}  // namespace

TEST_CASE("requests that could be read in two ways, or would cost too much, are refused") {
  struct Case {
    const char* what;
    std::string bytes;
    int status;
  };
  const std::vector<Case> cases{
      {"Content-Length and Transfer-Encoding",
       post_head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding and Content-Length",
       post_head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"two different Content-Length",
       post_head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400},
      {"the same Content-Length twice",
       post_head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"a list of Content-Lengths", post_head + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"a signed Content-Length", post_head + "Content-Length: +5\r\n\r\nhello", 400},
      {"a negative Content-Length", post_head + "Content-Length: -5\r\n\r\nhello", 400},
      {"a hexadecimal Content-Length", post_head + "Content-Length: 0x5\r\n\r\nhello", 400},
      {"an empty Content-Length", post_head + "Content-Length:\r\n\r\n", 400},
      {"a Content-Length beyond 64 bits",
       post_head + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"a space before the colon", post_head + "Content-Length : 5\r\n\r\nhello", 400},
      {"a bare CR in a header value", post_head + "X: a\rContent-Length: 5\r\n\r\n", 400},
      {"another byte after CR at the end of the headers",
       post_head + "\rXContent-Length: 5\r\n\r\n", 400},
      {"bare LF line ends", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"a NUL in a header value", post_head + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"a control byte in a header value",
       post_head + "X: a\x01"
                   "b\r\n\r\n",
       400},
      {"a control byte in a header name", post_head + "X\x01: a\r\n\r\n", 400},
      {"a folded line that hides Content-Length",
       post_head + "X: a\r\n Content-Length: 5\r\n\r\nhello", 400},
      {"a folded line after an empty value", post_head + "Content-Length:\r\n 5\r\n\r\nhello", 400},
      {"two faults, of which the first counts", "GET / HTXP/1.1\r\nHost: h\r\n fold\r\n\r\n", 400},
      {"a folded first line", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"Transfer-Encoding: identity, then chunked",
       post_head + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"Transfer-Encoding: chunked twice",
       post_head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"Transfer-Encoding: xchunked", post_head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
       400},
      {"Transfer-Encoding: chunked, identity",
       post_head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: gzip, chunked",
       post_head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunk data that is longer than its size",
       post_head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk data without CRLF",
       post_head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n", 400},
      {"a space after a chunk size",
       post_head + "Transfer-Encoding: chunked\r\n\r\n2 \r\nab\r\n0\r\n\r\n", 400},
      {"a chunk size that is no number", post_head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
       400},
      {"a chunk size beyond 64 bits",
       post_head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
      {"a hundred kilobytes of chunk extension",
       post_head + "Transfer-Encoding: chunked\r\n\r\n2;" + std::string(100'000, 'x') +
           "\r\nab\r\n",
       400},
      {"a hundred kilobytes of zeros before a chunk size",
       post_head + "Transfer-Encoding: chunked\r\n\r\n" + std::string(100'000, '0') + "2\r\nab\r\n",
       400},
      {"a hundred kilobytes of trailer",
       post_head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(100'000, 'x') +
           "\r\n\r\n",
       400},
      {"a hundred kilobytes of spaces in a trailer",
       post_head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX:" + std::string(100'000, ' ') +
           "x\r\n\r\n",
       400},
      {"ten thousand chunks of one byte with extensions",
       post_head + "Transfer-Encoding: chunked\r\n\r\n" + many(10'000, "1;abcdefgh\r\nx\r\n"), 400},
      {"two thousand headers", "GET / HTTP/1.1\r\nHost: h\r\n" + many(2000, "a:b\r\n") + "\r\n",
       431},
      {"more than 16 KiB of headers",
       "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n", 431},
      {"empty lines without end", many(10'000, "\r\n"), 431},
      {"a target of nine kilobytes", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n", 414},
      {"no Host on 1.1", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"HTTP/2.7", "GET / HTTP/2.7\r\nHost: h\r\n\r\n", 400},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
      {"no version", "GET /\r\n\r\n", 505},
      {"an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"TLS on a plain port",
       "\x16\x03\x01\x02"
       "\x01\x01",
       400},
      {"an unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"a target that is no path", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"an encoded NUL in the path", "GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a broken escape", "GET /a%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a body that is too large", post_head + "Content-Length: 5000000\r\n\r\n", 413},
      {"a chunked body that is too large",
       post_head + "Transfer-Encoding: chunked\r\n\r\n500000\r\n" + std::string(5 << 20, 'x'), 413},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.what);
    const Verdict verdict = parse(bad.bytes);
    CAPTURE(verdict.reason);
    CHECK(verdict.requests.empty());
    CHECK(verdict.refused == bad.status);
    CHECK_FALSE(verdict.reason.empty());
  }
}

TEST_CASE("ordinary requests are accepted however they are split") {
  CHECK(parse("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").text() == "GET /x [] idle");
  CHECK(parse(post_head + "Content-Length: 5\r\n\r\nhello").text() == "POST /p [hello] idle");
  CHECK(parse(post_head + "Content-Length: 0\r\n\r\n").text() == "POST /p [] idle");
  CHECK(parse(post_head +
              "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n")
            .text() == "POST /p [hello world] idle");
  CHECK(parse(post_head + "Transfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: t\r\n\r\n")
            .text() == "POST /p [x] idle");
  CHECK(parse("GET /x HTTP/1.0\r\n\r\n").text() == "GET /x [] idle");
  CHECK(parse("\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n").text() == "GET /x [] idle");
  CHECK(parse("GET /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n").text() ==
        "GET /x [] idle");
  CHECK(parse("GET /x HTTP/1.1\r\nHost:\r\n\r\n").text() == "GET /x [] idle");
  CHECK(parse(post_head + "Transfer-Encoding: chunked\r\n\r\n" + many(5000, "1\r\nx\r\n") +
              "0\r\n\r\n")
            .text() == "POST /p [" + std::string(5000, 'x') + "] idle");
}

TEST_CASE("an incomplete request waits") {
  CHECK(parse("GET /x HTTP/1.1\r\nHost: h\r\n").text() == "waits");
  CHECK(parse(post_head + "Content-Length: 5\r\n\r\nhell").text() == "waits");
  CHECK(parse(post_head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").text() == "waits");
}

TEST_CASE("pipelined requests come one by one") {
  const std::string get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
  CHECK(parse(get + post_head + "Content-Length: 2\r\n\r\nab" + get).text() ==
        "GET /x [] POST /p [ab] GET /x [] idle");
  CHECK(parse(get + "garbage").requests.size() == 1);
  RequestParser parser;
  CHECK(parser.feed(get + get).consumed == get.size());
}

TEST_CASE("after a refusal nothing more is parsed") {
  RequestParser parser;
  CHECK(parser.feed("GET / HTTP/1.1\r\n\r\n").progress == Progress::failed);
  const Fed again = parser.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(again.progress == Progress::failed);
  CHECK(again.consumed == 0);
}

TEST_CASE("the head is announced before the body") {
  RequestParser parser;
  const std::string head = post_head + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";

  const Fed fed = parser.feed(head + "ab");

  CHECK(fed.progress == Progress::head);
  CHECK(fed.consumed == head.size());
  CHECK(parser.request().headers.get("expect") == "100-continue");
  CHECK(parser.feed("ab").progress == Progress::complete);
  CHECK(parser.request().body == "ab");
}

TEST_CASE("a request's parts are decoded") {
  RequestParser parser;
  REQUIRE(parser
              .feed("GET /a%20b/c%2Fd?x=1&y=a+b%26&flag HTTP/1.1\r\nHost: h\r\n"
                    "Accept:  text/event-stream , application/json \t\r\nX-A: 1\r\nx-a: 2\r\n\r\n")
              .progress == Progress::complete);
  const Request& request = parser.request();

  CHECK(request.path == "/a b/c/d");
  CHECK(request.segments() == std::vector<std::string>{"a b", "c/d"});
  CHECK(request.parameter("x") == "1");
  CHECK(request.parameter("y") == "a b&");
  CHECK(request.parameter("flag") == "");
  CHECK_FALSE(request.parameter("none"));
  CHECK(request.headers.get("ACCEPT") == "text/event-stream , application/json");
  CHECK(request.headers.count("X-A") == 2);
}

TEST_CASE("nothing of a request is left for the next one") {
  RequestParser parser;
  REQUIRE(parser.feed("POST /a?x=1 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nContent-Length: 2\r\n\r\n")
              .progress == Progress::head);
  REQUIRE(parser.feed("ab").progress == Progress::complete);
  parser.next();
  CHECK_FALSE(parser.is_begun());
  REQUIRE(parser.feed("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").progress == Progress::complete);

  const Request& request = parser.request();
  CHECK(request.method == "OPTIONS");
  CHECK(request.path == "*");
  CHECK(request.query.empty());
  CHECK(request.headers.size() == 1);
  CHECK(request.body.empty());
}

TEST_CASE("a head that comes again means the same, with its own length") {
  const auto request = [](std::string_view length, std::string_view body,
                          std::string_view a = "1") {
    return "POST /p?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::string{length} +
           "\r\nX-A: " + std::string{a} + "\r\n\r\n" + std::string{body};
  };
  const std::string first = request("02", "ab");
  const std::string taken = "POST /p?q=1 [ab] ";

  CHECK(parse(first + request("02", "cd") + request("03", "efg")).text() ==
        taken + "POST /p?q=1 [cd] POST /p?q=1 [efg] idle");
  CHECK(parse(first + request("02", "c")).text() == taken + "waits");
  CHECK(parse(first + request("00", "") + first).text() ==
        taken + "POST /p?q=1 [] " + taken + "idle");
  CHECK(parse(first + request("2", "cd") + first).text() ==
        taken + "POST /p?q=1 [cd] " + taken + "idle");
  for (const std::string_view no_length : {"+2", "-2", "0x", "2 2", "\t\t", "ab"}) {
    CAPTURE(no_length);
    CHECK(parse(first + request(no_length, "cd")).text() == taken + "400");
  }

  const Verdict other = parse(first + request("02", "cd", "2") + request("02", "ef", "2"));
  REQUIRE(other.requests.size() == 3);
  CHECK(other.requests[0].headers.get("X-A") == "1");
  CHECK(other.requests[1].headers.get("X-A") == "2");
  CHECK(other.requests[2].headers.get("X-A") == "2");

  const Verdict longer = parse(first + request("11", "hello world"));
  REQUIRE(longer.requests.size() == 2);
  CHECK(longer.requests[1].headers.get("Content-Length") == "11");
  CHECK(longer.requests[1].parameter("q") == "1");
}

TEST_CASE("a head that came in pieces may come again at once") {
  RequestParser parser;
  const std::string head = post_head + "Content-Length: 2\r\n\r\n";
  REQUIRE(parser.feed(head.substr(0, 30)).progress == Progress::more);
  REQUIRE(parser.feed(head.substr(30)).progress == Progress::head);
  REQUIRE(parser.feed("ab").progress == Progress::complete);
  parser.next();
  const Fed fed = parser.feed(post_head + "Content-Length: 3\r\n\r\ncde");
  REQUIRE(fed.progress == Progress::head);
  CHECK(fed.consumed == head.size());
  REQUIRE(parser.feed("cde").progress == Progress::complete);
  CHECK(parser.request().headers.get("Content-Length") == "3");
  CHECK(parser.request().body == "cde");
}

TEST_CASE("a head that comes again is held to the limit of a body, too") {
  Limits limits;
  limits.body_bytes = 50;
  RequestParser parser{limits};
  const std::string head = post_head + "Connection: close\r\nContent-Length: ";
  REQUIRE(parser.feed(head + "05\r\n\r\n").progress == Progress::head);
  REQUIRE(parser.feed("hello").progress == Progress::complete);
  CHECK_FALSE(parser.wants_keep_alive());
  parser.next();
  REQUIRE(parser.feed(head + "50\r\n\r\n").progress == Progress::head);
  REQUIRE(parser.feed(many(50, "x")).progress == Progress::complete);
  CHECK_FALSE(parser.wants_keep_alive());
  parser.next();
  CHECK(parser.feed(head + "51\r\n\r\n").progress == Progress::failed);
  CHECK(parser.refusal().status == 413);
}

TEST_CASE("a connection is kept unless one of its fields says close") {
  const auto keeps = [](const std::string& fields) {
    RequestParser parser;
    REQUIRE(parser.feed("GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n").progress ==
            Progress::complete);
    return parser.wants_keep_alive();
  };
  CHECK(keeps(""));
  CHECK(keeps("Connection: keep-alive, Upgrade\r\n"));
  CHECK(keeps("Connection: closed\r\n"));
  CHECK_FALSE(keeps("Connection: close\r\n"));
  CHECK_FALSE(keeps("connection: CLOSE\r\n"));
  CHECK_FALSE(keeps("Connection: x-hop, Close\r\n"));
  CHECK_FALSE(keeps("Connection: keep-alive\r\nConnection: close\r\n"));
}

TEST_CASE("a target in absolute form is a path too") {
  RequestParser parser;
  REQUIRE(parser.feed("GET http://h:1/x?y=2 HTTP/1.1\r\nHost: h:1\r\n\r\n").progress ==
          Progress::complete);
  const Request& request = parser.request();
  CHECK(request.path == "/x");
  CHECK(request.parameter("y") == "2");
}

namespace {

std::string answer(std::string_view bytes, std::size_t step, bool head = false) {
  ResponseParser parser;
  if (head) parser.expect_no_body();
  std::string_view rest = bytes;
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, step);
    while (!part.empty()) {
      const Fed fed = parser.feed(part);
      part.remove_prefix(fed.consumed);
      rest.remove_prefix(fed.consumed);
      if (fed.progress == Progress::failed) return "refused: " + parser.refusal().reason;
      if (fed.progress == Progress::complete) {
        const bool keep = parser.can_keep_alive();
        const Response response = parser.take();
        return std::to_string(response.status) + " [" + response.body + "]" +
               (keep ? " keep" : " close") + (rest.empty() ? "" : " and more");
      }
    }
  }
  if (parser.finish() == Progress::failed) return "refused: " + parser.refusal().reason;
  const Response response = parser.take();
  return std::to_string(response.status) + " [" + response.body + "] at end";
}

std::string answer(std::string_view bytes) {
  const std::string whole = answer(bytes, bytes.size());
  CHECK(answer(bytes, 1) == whole);
  CHECK(answer(bytes, 3) == whole);
  return whole;
}

}  // namespace

TEST_CASE("responses are parsed behind the same guards") {
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") == "200 [hi] keep");
  CHECK(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n") ==
        "200 [hi] keep");
  CHECK(answer("HTTP/1.1 200 OK\r\n\r\nuntil the end") == "200 [until the end] at end");
  CHECK(answer("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi") == "200 [hi] close");
  CHECK(answer("HTTP/1.1 204 No Content\r\n\r\n") == "204 [] keep");
  CHECK(answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") ==
        "200 [hi] keep");
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiEXTRA") == "200 [hi] keep and more");
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 1, true) == "200 [] keep");
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi") ==
        "refused: the connection ended early");
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-") == "refused: the connection ended early");
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi")
            .starts_with("refused: "));
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n")
            .starts_with("refused: "));
  CHECK(answer("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nhi") ==
        "refused: a folded header line");
  CHECK(answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n") ==
        "refused: an upgrade nobody asked for");
  CHECK(answer("SSH-2.0-OpenSSH_9.2\r\n").starts_with("refused: "));
  CHECK(answer(many(20, "HTTP/1.1 100 Continue\r\n\r\n")) == "refused: too many interim answers");
  CHECK(answer("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n") ==
        "refused: more header bytes than 16384");
}

TEST_CASE("a streamed body is taken piece by piece and does not count against the cap") {
  Limits limits;
  limits.body_bytes = 10;
  ResponseParser parser{limits};
  REQUIRE(parser.feed("HTTP/1.1 200 OK\r\n\r\n").progress == Progress::head);

  for (int i = 0; i < 100; ++i) {
    REQUIRE(parser.feed("12345678").progress == Progress::more);
    REQUIRE(parser.take_body() == "12345678");
  }

  CHECK(parser.feed("12345678901").progress == Progress::failed);
}

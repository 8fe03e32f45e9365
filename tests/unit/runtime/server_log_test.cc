#include "runtime/server_log.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/temporary_directory.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;

namespace {

/// A log with a folder of its own.
class LogFixture {
 public:
  config::Logs to_file(config::LogFormat format) const {
    config::Logs logs;
    logs.dir = dir();
    logs.format = format;
    return logs;
  }

  ServerLog open(const config::Logs& logs) {
    return {loop_,
            "srv",
            logs,
            all_,
            {.on_trouble = [this](const Error& e) { trouble_ = e.message; },
             .on_relief = {},
             .redact = [](std::string_view text) { return config::redact(text, {"hunter2"}); }}};
  }

  bool until(const std::function<bool()>& condition) {
    return mcpctl::testing::turn_until(loop_, condition);
  }

  std::string read(const std::string& name) const {
    std::ifstream in{folder_ / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  const std::string& dir() const { return folder_.path(); }
  const std::string& trouble() const { return trouble_; }
  LineFeed& all() { return all_; }

 private:
  loop::Loop loop_;
  mcpctl::testing::TemporaryDirectory folder_;
  LineFeed all_;
  std::string trouble_;
};

std::vector<std::string> texts(const ServerLog& log) {
  std::vector<std::string> found;
  for (const Line& line : log.tail(1000)) found.push_back(line.text);
  return found;
}

}  // namespace

TEST_CASE_FIXTURE(LogFixture, "a secret reaches neither memory nor a file") {
  {
    ServerLog log = open(to_file(config::LogFormat::json));
    log.append(Stream::err, "my password is hun");
    log.append(Stream::err, "ter2\n");
    log.note("it said hunter2");

    CHECK(texts(log) ==
          std::vector<std::string>{"my password is [redacted]", "it said [redacted]"});
  }
  CHECK(read("srv.log").find("my password is [redacted]") != std::string::npos);
  CHECK(read("srv.log").find("hunter2") == std::string::npos);
}

TEST_CASE_FIXTURE(LogFixture, "lines are completed across reads, and a last one by the end") {
  ServerLog log = open({});

  log.append(Stream::err, "one\ntw");
  log.append(Stream::err, "o\r\nthree");
  CHECK(texts(log) == std::vector<std::string>{"one", "two"});
  log.end(Stream::err);

  CHECK(texts(log) == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE_FIXTURE(LogFixture, "stdout and stderr do not mix within a line") {
  ServerLog log = open({});

  log.append(Stream::err, "err-");
  log.append(Stream::out, "out\n");
  log.append(Stream::err, "err\n");

  CHECK(texts(log) == std::vector<std::string>{"out", "err-err"});
}

TEST_CASE_FIXTURE(LogFixture, "an endless line is cut at 64 KiB and marked") {
  ServerLog log = open({});

  for (int i = 0; i < 5; ++i) log.append(Stream::err, std::string(32 * 1024, 'x'));
  log.append(Stream::err, "\n");

  const auto lines = log.tail(10);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].text.size() == 64 * 1024);
  CHECK(lines[0].continued);
  CHECK(lines[1].continued);
  CHECK_FALSE(lines[2].continued);
  CHECK(lines[2].text.size() == 32 * 1024);
}

TEST_CASE_FIXTURE(LogFixture, "raw files hold every byte as it came") {
  const std::string bytes{"a\0b\nno newline \xff", 16};
  {
    ServerLog log = open(to_file(config::LogFormat::raw));
    log.append(Stream::err, bytes);
    log.note("not for a raw file");
  }

  CHECK(read("srv.log") == bytes);
}

TEST_CASE_FIXTURE(LogFixture, "a full file is rotated, and only so many are kept") {
  config::Logs logs = to_file(config::LogFormat::raw);
  logs.max_size = 1000;
  logs.keep = 2;
  {
    ServerLog log = open(logs);
    for (int i = 0; i < 500; ++i) log.append(Stream::err, "line " + std::to_string(i) + "\n");
  }

  CHECK(std::filesystem::file_size(dir() + "/srv.log") <= 1000);
  CHECK(std::filesystem::file_size(dir() + "/srv.log.1") <= 1000);
  CHECK(std::filesystem::exists(dir() + "/srv.log.2"));
  CHECK_FALSE(std::filesystem::exists(dir() + "/srv.log.3"));
  const std::string newest = read("srv.log.1") + read("srv.log");
  CHECK(newest.ends_with("line 498\nline 499\n"));
  CHECK(newest.starts_with("line "));
}

TEST_CASE_FIXTURE(LogFixture, "a folder that cannot be made is told, and the ring goes on") {
  config::Logs logs = to_file(config::LogFormat::text);
  std::ofstream{dir() + "/file"} << "in the way";
  logs.dir = dir() + "/file/below";
  ServerLog log = open(logs);

  log.append(Stream::err, "hello\n");
  REQUIRE(until([&] { return !trouble().empty(); }));

  CHECK(trouble() == "cannot open log file " + dir() + "/file/below/srv.log: Not a directory");
  CHECK(log.lines_dropped() == 1);
  CHECK(texts(log) == std::vector<std::string>{"hello"});
}

TEST_CASE_FIXTURE(LogFixture, "a FIFO that nobody reads is an error, not a hang") {
  REQUIRE(::mkfifo((dir() + "/srv.log").c_str(), 0600) == 0);
  ServerLog log = open(to_file(config::LogFormat::text));

  log.append(Stream::err, "hello\n");
  REQUIRE(until([&] { return !trouble().empty(); }));

  CHECK(trouble().find("No such device or address") != std::string::npos);
}

TEST_CASE_FIXTURE(LogFixture, "a deleted file is made anew") {
  ServerLog log = open(to_file(config::LogFormat::raw));
  log.append(Stream::err, "first\n");
  REQUIRE(until([&] { return read("srv.log") == "first\n"; }));

  std::filesystem::remove(dir() + "/srv.log");
  log.append(Stream::err, "second\n");

  CHECK(until([&] { return read("srv.log") == "second\n"; }));
}

TEST_CASE_FIXTURE(LogFixture, "reopen follows an external rotation") {
  ServerLog log = open(to_file(config::LogFormat::raw));
  log.append(Stream::err, "first\n");
  REQUIRE(until([&] { return read("srv.log") == "first\n"; }));

  std::filesystem::rename(dir() + "/srv.log", dir() + "/srv.log.old");
  log.reopen();
  log.append(Stream::err, "second\n");

  CHECK(until([&] { return read("srv.log") == "second\n"; }));
  CHECK(read("srv.log.old") == "first\n");
}

TEST_CASE_FIXTURE(LogFixture, "followers hear each line once, until they leave") {
  ServerLog log = open({});
  std::vector<std::string> heard;
  auto subscription = log.lines().subscribe([&](const Line& line) { heard.push_back(line.text); });

  log.append(Stream::err, "a\nb\n");
  subscription.reset();
  log.append(Stream::err, "c\n");

  CHECK(heard == std::vector<std::string>{"a", "b"});
}

TEST_CASE_FIXTURE(LogFixture,
                  "whoever pauses for a slow file is told to go on when the file goes") {
  int relieved = 0;
  loop::Loop loop;
  ServerLog log{
      loop, "srv", to_file(config::LogFormat::raw), all(), {.on_trouble = {}, .on_relief = [&] {
                                                              ++relieved;
                                                            }}};
  const std::string much = std::string((1u << 20) - 1, 'x') + "\n";
  for (int i = 0; i < 5; ++i) log.append(Stream::err, much);
  REQUIRE(log.is_congested());

  log.reconfigure({});

  CHECK(relieved == 1);
  CHECK_FALSE(log.is_congested());
}

TEST_CASE_FIXTURE(LogFixture, "a block is given out as one, and counted by its lines") {
  ServerLog log = open({});
  std::vector<std::string> blocks;
  std::vector<std::uint64_t> sequences;
  auto subscription = all().subscribe([&](const NamedBlock& named) {
    blocks.emplace_back(named.block.text);
    sequences.push_back(named.block.sequence);
    CHECK_FALSE(named.is_in_file);
  });

  log.append(Stream::err, "par");
  log.append(Stream::err, "tial\ntwo\nthree\nfo");
  log.append(Stream::err, "ur\n");

  CHECK(blocks == std::vector<std::string>{"partial", "two\nthree", "four"});
  CHECK(sequences == std::vector<std::uint64_t>{1, 2, 4});
  CHECK(log.lines_seen() == 4);
}

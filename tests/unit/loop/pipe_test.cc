#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "loop/pipe_reader.h"
#include "loop/pipe_writer.h"
#include "loop/signal.h"
#include "loop_fixture.h"

using namespace mcpctl;
using namespace mcpctl::loop;

namespace {

void fill(const Fd& fd, std::string_view bytes) {
  REQUIRE(::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

/// A pipe reader that remembers what it was told.
struct Reading {
  std::string data;
  bool ended{false};
  std::optional<Error> error;
  std::optional<PipeReader> reader;

  Reading(Loop& loop, Fd fd) {
    auto opened = PipeReader::open(loop, std::move(fd),
                                   {[this](std::string_view bytes) { data += bytes; },
                                    [this](std::optional<Error> why) {
                                      ended = true;
                                      error = std::move(why);
                                    }});
    REQUIRE(opened);
    reader.emplace(std::move(*opened));
  }
};

}  // namespace

TEST_CASE("a pipe reader gives the bytes and then the end") {
  Loop loop;
  Pipe pipe;
  Reading reading{loop, std::move(pipe.read)};
  fill(pipe.write, "hello");
  pipe.write.reset();

  CHECK(turn_until(loop, [&] { return reading.ended; }));

  CHECK(reading.data == "hello");
  CHECK_FALSE(reading.error);
  CHECK_FALSE(reading.reader->is_open());
}

TEST_CASE("a reader at its end closes its descriptor in that turn, though it is kept") {
  Loop loop;
  Pipe pipe;
  const int number = pipe.read.get();
  const Reading reading{loop, std::move(pipe.read)};
  pipe.write.reset();

  REQUIRE(turn_until(loop, [&] { return reading.ended; }));

  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("a reader at its end leaves whoever got its descriptor's number alone when it goes") {
  Loop loop;
  Pipe first;
  const int number = first.read.get();
  Reading ended{loop, std::move(first.read)};
  first.write.reset();
  REQUIRE(turn_until(loop, [&] { return ended.ended; }));
  Pipe second;
  if (second.read.get() != number) second.read.reset(::dup3(second.read.get(), number, O_CLOEXEC));
  Reading reading{loop, std::move(second.read)};
  loop.run_ready();  // now the kernel watches the number for the second

  ended.reader.reset();
  fill(second.write, "heard");

  CHECK(turn_until(loop, [&] { return reading.data == "heard"; }));
}

TEST_CASE("a closed writer leaves whoever got its descriptor's number alone when it goes") {
  Loop loop;
  Pipe first;
  const int number = first.write.get();
  auto closed = PipeWriter::open(loop, std::move(first.write), 100, {});
  REQUIRE(closed);
  closed->close();
  Pipe second;
  if (second.read.get() != number) second.read.reset(::dup3(second.read.get(), number, O_CLOEXEC));
  Reading reading{loop, std::move(second.read)};
  loop.run_ready();

  {
    const PipeWriter gone = std::move(*closed);
  }
  fill(second.write, "heard");

  CHECK(turn_until(loop, [&] { return reading.data == "heard"; }));
}

TEST_CASE("a paused pipe reader leaves the bytes in the pipe") {
  Loop loop;
  Pipe pipe;
  Reading reading{loop, std::move(pipe.read)};
  reading.reader->pause();
  fill(pipe.write, "later");

  loop.run_ready();
  CHECK(reading.data.empty());

  reading.reader->resume();
  CHECK(turn_until(loop, [&] { return reading.data == "later"; }));
}

TEST_CASE("a hung-up pipe does not spin while its reader is paused") {
  Loop loop;
  Pipe pipe;
  int turns = 0;
  loop.on_turn([&](Duration) { ++turns; });
  Reading reading{loop, std::move(pipe.read)};
  reading.reader->pause();
  pipe.write.reset();
  Timer timer{loop};
  timer.arm(Duration{50}, [&] { loop.stop(); });

  loop.run();

  CHECK(turns <= 4);
  CHECK_FALSE(reading.ended);
}

TEST_CASE("the last words of a process are read without returning to the loop") {
  Loop loop;
  Pipe pipe;
  Reading reading{loop, std::move(pipe.read)};
  reading.reader->pause();
  fill(pipe.write, "last words");
  pipe.write.reset();

  reading.reader->read_all_now();

  CHECK(reading.data == "last words");
  CHECK(reading.ended);
}

TEST_CASE("reading what is there now stops at an empty pipe whose writer lives, and at the limit") {
  Loop loop;
  Pipe pipe;
  Reading reading{loop, std::move(pipe.read)};
  fill(pipe.write, "abcdef");

  reading.reader->read_all_now(4);
  CHECK(reading.data == "abcd");

  reading.reader->read_all_now();
  CHECK(reading.data == "abcdef");
  CHECK_FALSE(reading.ended);
}

TEST_CASE("a pipe reader may be destroyed while it delivers, and the descriptor closes at once") {
  Loop loop;
  ignore_sigpipe();
  Pipe pipe;
  auto reader = std::make_unique<std::optional<PipeReader>>();
  auto opened = PipeReader::open(loop, std::move(pipe.read),
                                 {[&](std::string_view) {
                                    reader.reset();
                                    CHECK(::write(pipe.write.get(), "x", 1) == -1);
                                    CHECK(errno == EPIPE);
                                  },
                                  [](std::optional<Error>) { FAIL("was destroyed"); }});
  reader->emplace(std::move(*opened));
  fill(pipe.write, "x");

  CHECK(turn_until(loop, [&] { return reader == nullptr; }));
}

TEST_CASE("a flood on one pipe leaves turns for the others") {
  Loop loop;
  Pipe flooded, quiet;
  REQUIRE(::fcntl(flooded.write.get(), F_SETPIPE_SZ, 1 << 20) > 0);
  std::size_t flood_when_quiet_arrived = 0;
  std::size_t flood = 0;
  auto flood_reader = PipeReader::open(
      loop, std::move(flooded.read),
      {[&](std::string_view bytes) { flood += bytes.size(); }, [](std::optional<Error>) {}});
  auto quiet_reader = PipeReader::open(
      loop, std::move(quiet.read),
      {[&](std::string_view) { flood_when_quiet_arrived = flood; }, [](std::optional<Error>) {}});
  fill(flooded.write, std::string(1 << 20, 'f'));
  fill(quiet.write, "q");

  loop.run_ready();

  CHECK(flood <= PipeReader::bytes_per_turn);
  CHECK(flood_when_quiet_arrived == flood);
}

TEST_CASE("one reader inside the callback of another does not disturb its bytes") {
  Loop loop;
  Pipe outer, inner;
  Reading nested{loop, std::move(inner.read)};
  nested.reader->pause();
  std::string seen;
  auto reader = PipeReader::open(loop, std::move(outer.read),
                                 {[&](std::string_view bytes) {
                                    nested.reader->read_all_now();
                                    seen += bytes;
                                  },
                                  [](std::optional<Error>) {}});
  fill(outer.write, "outer");
  fill(inner.write, "inner");

  CHECK(turn_until(loop, [&] { return !seen.empty(); }));

  CHECK(seen == "outer");
  CHECK(nested.data == "inner");
}

namespace {

/// A pipe writer that remembers what it was told.
struct Writing {
  int drained{0};
  std::optional<Error> broken;
  std::optional<PipeWriter> writer;

  Writing(Loop& loop, Fd fd, std::size_t cap) {
    auto opened = PipeWriter::open(
        loop, std::move(fd), cap,
        {[this] { ++drained; }, [this](Error error) { broken = std::move(error); }});
    REQUIRE(opened);
    writer.emplace(std::move(*opened));
  }
};

std::string read_up_to(const Fd& fd, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = ::read(fd.get(), bytes.data(), size);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace

TEST_CASE("a write that the pipe takes is not queued") {
  Loop loop;
  Pipe pipe;
  Writing writing{loop, std::move(pipe.write), 100};

  CHECK(writing.writer->write("hello") == Written::accepted);

  CHECK(writing.writer->queued() == 0);
  CHECK(writing.writer->unread() == 5);
  CHECK(read_up_to(pipe.read, 100) == "hello");
  CHECK(writing.writer->unread() == 0);
}

TEST_CASE("what exceeds the queue's cap is refused whole, and the rest arrives in order") {
  Loop loop;
  Pipe pipe;
  const std::string big(100'000, 'a');
  Writing writing{loop, std::move(pipe.write), 150'000};

  REQUIRE(writing.writer->write(big) == Written::accepted);
  REQUIRE(writing.writer->queued() > 0);
  CHECK(writing.writer->unread() == big.size());
  CHECK(writing.writer->write(std::string(150'000, 'b')) == Written::full);
  CHECK(writing.writer->write("end") == Written::accepted);
  writing.writer->close_after_flush();
  CHECK(writing.writer->write("late") == Written::closed);
  std::string got;
  while (true) {
    const std::string part = read_up_to(pipe.read, 65536);
    if (part.empty()) break;
    got += part;
    loop.run_ready();
  }

  CHECK(got == big + "end");
  CHECK(writing.drained == 1);
  CHECK_FALSE(writing.writer->is_open());
}

TEST_CASE("a reader that left is a value, told once and from the loop") {
  Loop loop;
  ignore_sigpipe();
  Pipe pipe;
  Writing writing{loop, std::move(pipe.write), 100};
  pipe.read.reset();

  CHECK(writing.writer->write("x") == Written::closed);
  CHECK_FALSE(writing.broken);
  CHECK(turn_until(loop, [&] { return writing.broken.has_value(); }));

  CHECK(writing.broken->message == "cannot write to a pipe: Broken pipe");
  CHECK_FALSE(writing.writer->is_open());
}

TEST_CASE("a reader that leaves while bytes are queued is told too") {
  Loop loop;
  ignore_sigpipe();
  Pipe pipe;
  Writing writing{loop, std::move(pipe.write), 1 << 20};
  REQUIRE(writing.writer->write(std::string(200'000, 'x')) == Written::accepted);

  pipe.read.reset();

  CHECK(turn_until(loop, [&] { return writing.broken.has_value(); }));
}

#include "config/jsonc.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace mcpctl::config;

namespace {

/// The faults of `text`, as "OFFSET-OFFSET message (suggestion)" lines.
std::string faults(std::string_view text) {
  std::string lines;
  for (const Fault& fault : parse_jsonc(text).faults) {
    lines += std::to_string(fault.at.begin) + "-" + std::to_string(fault.at.end) + " " +
             fault.message + (fault.suggestion.empty() ? "" : " (" + fault.suggestion + ")") + "\n";
  }
  return lines;
}

std::string text_of(std::string_view json_string) {
  const Document document = parse_jsonc(json_string);
  CHECK(document.faults.empty());
  CHECK(document.root.type == Node::Type::string);
  return document.root.text;
}

}  // namespace

TEST_CASE("a tree knows its values and where they stand") {
  const Document document = parse_jsonc(R"( {"a": [1, -2.5e3, true, null], "b": "x"} )");

  CHECK(document.faults.empty());
  CHECK(document.complete);
  REQUIRE(document.root.type == Node::Type::object);
  CHECK(document.root.span == Span{1, 41});
  const Node* a = document.root.find("a");
  REQUIRE(a != nullptr);
  REQUIRE(a->items.size() == 4);
  CHECK(a->items[1].text == "-2.5e3");
  CHECK(a->items[1].span == Span{11, 17});
  CHECK(a->items[2].boolean);
  CHECK(a->items[3].type == Node::Type::null);
  CHECK(document.root.members[1].key_span == Span{32, 35});
  CHECK(document.root.find("c") == nullptr);
}

TEST_CASE("comments, trailing commas and a byte order mark are no faults") {
  CHECK(faults("\xef\xbb\xbf// one\n{ /* two */ \"a\": [1, 2,], // three\r\n}\n/**/") == "");
  CHECK(faults("[1] // to the very end") == "");
}

TEST_CASE("escapes give the text they mean") {
  CHECK(text_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(text_of(R"("\u0041\u00e9\u20AC\ud83d\ude00")") == "A\u00e9\u20ac\U0001f600");
  CHECK(text_of("\"\u00e9\U0001f600\"") == "\u00e9\U0001f600");
}

TEST_CASE("a slip is reported where it is, and reading goes on behind it") {
  CHECK(faults(R"({"a": 1 "b": tru, 'c': 0x10, d: 2, "e" = 3, "f": [1,,2]})") ==
        "7-8 a comma is missing here (put \",\" between the two)\n"
        "13-16 expected a value, found a bare word (put strings in double quotes)\n"
        "18-19 a string stands in double quotes, not single ones\n"
        "23-27 not a number as JSON writes it (use plain decimal digits, or double quotes for a "
        "string)\n"
        "29-30 a key must stand in double quotes (write \"d\")\n"
        "39-40 expected \":\" after the key, found \"=\"\n"
        "52-53 a value is missing between the commas (remove one comma)\n");
  CHECK(faults("[\"\\q\", \"\\u12g4\", \"\\ud800x\", \"\x01\", \"\xff\", \"\t\"]") ==
        "2-4 unknown escape in a string (write a backslash as \\\\)\n"
        "8-10 \\u needs four hex digits\n"
        "18-24 half of a surrogate pair in a string\n"
        "29-30 a control character stands in this string (write it as an escape, such as "
        "\\u001b)\n"
        "34-35 this byte is not UTF-8 (save the file as UTF-8)\n"
        "39-40 a control character stands in this string (write it as \\t)\n");
  CHECK(faults("{# note\n}") == "1-2 \"#\" starts no comment in JSON (write //)\n");
}

TEST_CASE("what leaves no way on gives one error, and says how far it got") {
  CHECK(faults("{\"a\": [1, 2}") == "11-12 expected \"]\" for the \"[\" of line 1, found \"}\"\n");
  CHECK(faults("{\"a\": {\"b\": 1}") == "0-1 this \"{\" is never closed (add the missing \"}\")\n");
  CHECK(faults("[1, 2") == "0-1 this \"[\" is never closed (add the missing \"]\")\n");
  CHECK(faults("{\"a\": \"b\n}") ==
        "6-8 this string is not closed on its line (end it with a quote)\n");
  CHECK(faults("/* x") == "0-2 this comment is never closed (end it with */)\n");
  CHECK(faults("{\"a\" 1}") == "5-6 expected \":\" after the key, found a word\n");
  CHECK(faults("[1] 2") == "4-5 unexpected text after the end of the document\n");
  CHECK(faults("[1 x]") == "3-4 expected \",\" or \"]\", found a word\n");
  CHECK(faults("  ") == "0-0 the file is empty (start with {\"mcpServers\": {}})\n");
  const Document document = parse_jsonc("[1, 2} rest");
  CHECK_FALSE(document.complete);
  CHECK(document.read_to == 6);
}

TEST_CASE("duplicate keys are found in any object, each against the first") {
  CHECK(faults("{\"a\": 1,\n\"b\": {\"x\": 1, \"x\": 2},\n\"\\u0061\": 3, \"a\": 4}") ==
        "23-26 duplicate key \"x\"; the first stands in line 2\n"
        "32-40 duplicate key \"a\"; the first stands in line 1\n"
        "45-48 duplicate key \"a\"; the first stands in line 1\n");
}

TEST_CASE("depth and size are bounded") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_jsonc(nested(max_document_depth + 1)).faults.empty());
  CHECK(faults(nested(max_document_depth + 2)) == "129-130 nested deeper than 128 levels\n");
  CHECK(faults(std::string(5'000'000, '[')) == "129-130 nested deeper than 128 levels\n");
  CHECK(faults(std::string(max_document_bytes + 1, ' ')) == "0-0 the file is larger than 16 MiB\n");
  std::string many = "[";
  for (std::size_t i = 0; i < max_document_values; ++i) many += "0,";
  CHECK(faults(many + "]") == "1999999-2000000 more than 1000000 values\n");
}

TEST_CASE("an avalanche of faults stops after fifty") {
  std::string text = "[";
  for (int i = 0; i < 1000; ++i) text += "x, ";

  CHECK(parse_jsonc(text + "]").faults.size() == 50);
}

TEST_CASE("numbers, strings and words are accepted exactly where nlohmann/json accepts them") {
  for (const std::string text : {"0",
                                 "-0",
                                 "01",
                                 "1.",
                                 ".5",
                                 "1.5",
                                 "1e5",
                                 "1E+5",
                                 "1e",
                                 "-",
                                 "+1",
                                 "1e-05",
                                 "--1",
                                 "0x1",
                                 "1 2",
                                 "true",
                                 "True",
                                 "nul",
                                 "null",
                                 "\"\\u00zz\"",
                                 "\"\\udc00\"",
                                 "\"\\ud800\\u0041\"",
                                 "\"\xc0\x80\"",
                                 "\"\xed\xa0\x80\"",
                                 "\"\xf4\x90\x80\x80\"",
                                 "\"\xf4\x8f\xbf\xbf\"",
                                 "\"\x7f\"",
                                 "\"\x1f\"",
                                 "[1 2]",
                                 "{\"a\" 1}",
                                 "{1: 2}",
                                 "// x\n1",
                                 "1 /* x */",
                                 "1 /*",
                                 "",
                                 "\xef\xbb\xbf"
                                 "1",
                                 "[[]]",
                                 "{\"\": {}}"}) {
    CAPTURE(text);
    const bool theirs = nlohmann::json::accept(text, true);
    CHECK(parse_jsonc(text).faults.empty() == theirs);
  }
}

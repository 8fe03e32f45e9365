#include "control/parameters.h"
#include "requests.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::control;
using mcpctl::control::testing::request;

TEST_CASE("lists may be repeated, separated by commas, or both") {
  CHECK(list_parameter(request("/x?server=a,b&server=c&server=&other=d"), "server") ==
        std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a flag is set by its presence, and unset by 0 or false") {
  CHECK(flag_parameter(request("/x?follow"), "follow"));
  CHECK(flag_parameter(request("/x?follow=1"), "follow"));
  CHECK_FALSE(flag_parameter(request("/x?follow=0"), "follow", true));
  CHECK_FALSE(flag_parameter(request("/x?follow=false"), "follow", true));
  CHECK(flag_parameter(request("/x"), "follow", true));
}

TEST_CASE("a number is a whole decimal number, or an error that names the parameter") {
  CHECK(number_parameter(request("/x?tail=5"), "tail").value() == 5);
  CHECK_FALSE(number_parameter(request("/x"), "tail").value());
  CHECK(number_parameter(request("/x?tail=-1"), "tail").error().message ==
        "cannot read the parameter \"tail\": it must be a whole number");
  CHECK_FALSE(number_parameter(request("/x?tail="), "tail"));
}

TEST_CASE("any name survives the way through a target") {
  const std::string name = "a/b c?&=%ü";

  const http::Request made = request("/servers/" + percent_encoded(name) + "/logs");

  CHECK(made.segments() == std::vector<std::string>{"servers", name, "logs"});
}

// weather: invented weather over Streamable HTTP, in either era of MCP.  Its tools are
// asynchronous: each call waits a little, as for a real weather service, while others go on.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "loop/loop.h"
#include "loop/timer.h"
#include "sdk/http.h"
#include "sdk/server.h"
#include "weather/atlas.h"

namespace weather {

namespace {

using mcpctl::Duration;
using mcpctl::loop::Loop;
using mcpctl::loop::Timer;

constexpr Duration delay{20};          // of an answer
constexpr Duration delay_per_day{10};  // of a forecast

sdk::Json as_json(const Weather& weather) {
  return {{"sky", weather.sky},
          {"temperature_c", weather.temperature},
          {"humidity_percent", weather.humidity},
          {"wind_kmh", weather.wind}};
}

std::string as_text(const Weather& weather) {
  return std::string{weather.sky} + ", " + std::to_string(weather.temperature) + " °C, humidity " +
         std::to_string(weather.humidity) + " %, wind " + std::to_string(weather.wind) + " km/h";
}

/// The calls under way.  Owns each with its timer; a cancelled one is dropped at once.
class Station {
 public:
  explicit Station(Loop& loop) : loop_(loop) {}

  void get_weather(const std::string& name, sdk::Call call) {
    const City* city = find_city(name);
    if (city == nullptr) return call.answer(sdk::tool_error(unknown_city(name)));
    take(*city, 0, delay, std::move(call));
  }

  void get_forecast(const std::string& name, std::int64_t days, sdk::Call call) {
    const City* city = find_city(name);
    if (city == nullptr) return call.answer(sdk::tool_error(unknown_city(name)));
    take(*city, static_cast<int>(days), delay_per_day, std::move(call));
  }

 private:
  struct Job {
    const City& city;
    int days;  ///< 0: only today, without a forecast
    Duration step;
    sdk::Call call;
    Timer timer;
    int done{0};
  };
  using Place = std::list<Job>::iterator;

  void take(const City& city, int days, Duration step, sdk::Call call) {
    const Place job =
        jobs_.insert(jobs_.end(), Job{city, days, step, std::move(call), Timer{loop_}});
    job->call.on_cancel([this, job] { jobs_.erase(job); });
    job->timer.arm(step, [this, job] { proceed(job); });
  }

  void proceed(Place job) {
    if (job->done < job->days) {
      ++job->done;
      job->call.progress(job->done, job->days, "day " + std::to_string(job->done));
      job->timer.arm(job->step, [this, job] { proceed(job); });
      return;
    }
    job->call.answer(job->days == 0 ? today(job->city) : forecast(job->city, job->days));
    jobs_.erase(job);
  }

  static sdk::ToolResult today(const City& city) {
    const Weather weather = weather_of(city, 0);
    sdk::Json result{{"city", city.name}, {"country", city.country}};
    result.update(as_json(weather));
    return sdk::structured_result(std::move(result),
                                  std::string{city.name} + ": " + as_text(weather));
  }

  static sdk::ToolResult forecast(const City& city, int days) {
    sdk::Json list = sdk::Json::array();
    std::string text = std::string{city.name} + ':';
    for (int day = 1; day <= days; ++day) {
      const Weather weather = weather_of(city, day);
      sdk::Json entry{{"day", day}};
      entry.update(as_json(weather));
      list.push_back(std::move(entry));
      text += "\nin " + std::to_string(day) + (day == 1 ? " day: " : " days: ") + as_text(weather);
    }
    return sdk::structured_result(
        {{"city", city.name}, {"country", city.country}, {"days", std::move(list)}},
        std::move(text));
  }

  Loop& loop_;
  std::list<Job> jobs_;
};

/// Of an object whose members all are required; `members` maps names to types.
sdk::Json object_schema(sdk::Json members) {
  sdk::Json schema{{"type", "object"}, {"properties", sdk::Json::object()}};
  sdk::Json required = sdk::Json::array();
  for (auto& member : members.items()) {
    required.push_back(member.key());
    schema["properties"][member.key()] = std::move(member.value());
  }
  schema["required"] = std::move(required);
  return schema;
}

sdk::Json weather_members(sdk::Json first) {
  first["sky"] = {{"type", "string"}};
  for (const char* name : {"temperature_c", "humidity_percent", "wind_kmh"}) {
    first[name] = {{"type", "integer"}};
  }
  return first;
}

void add_tools(sdk::Server& server, Station& station) {
  const sdk::Json string{{"type", "string"}};
  const sdk::Json place{{"city", string}, {"country", string}};
  const auto city = sdk::text("city", "Name of a city, in English");

  server
      .tool("get_weather", "Today's weather in a city.", sdk::parameters(city),
            [&](const std::string& name, sdk::Call call) {
              station.get_weather(name, std::move(call));
            })
      .returns(object_schema(weather_members(place)))
      .read_only();

  sdk::Json forecast = place;
  forecast["days"] = {{"type", "array"},
                      {"items", object_schema(weather_members({{"day", {{"type", "integer"}}}}))}};
  server
      .tool("get_forecast", "The weather of the coming days in a city.",
            sdk::parameters(city, sdk::integer("days", "How many days", 1, 7).or_else(3)),
            [&](const std::string& name, std::int64_t days, sdk::Call call) {
              station.get_forecast(name, days, std::move(call));
            })
      .returns(object_schema(std::move(forecast)))
      .read_only();
}

/// --port N, --port=N or $PORT; nothing when that is no port.
std::optional<std::uint16_t> wanted_port(int argc, char** argv) {
  const char* assigned = std::getenv("PORT");
  std::string_view text = assigned == nullptr ? "" : assigned;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument{argv[i]};
    if (argument.starts_with("--port=")) {
      text = argument.substr(7);
    } else if (argument == "--port" && i + 1 < argc) {
      text = argv[++i];
    } else {
      return std::nullopt;
    }
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

}  // namespace

}  // namespace weather

int main(int argc, char** argv) {
  const auto port = weather::wanted_port(argc, argv);
  if (!port) {
    std::fprintf(stderr, "usage: weather --port N   (or PORT=N weather; 0 takes a free port)\n");
    return 2;
  }
  mcpctl::loop::Loop loop;
  weather::Station station{loop};
  sdk::Server server{{.name = "weather",
                      .version = "1.0.0",
                      .instructions = "Invented weather: the same at every call."}};
  weather::add_tools(server, station);
  return sdk::serve_http(server, loop, *port);
}

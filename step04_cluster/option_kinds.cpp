#include "option_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace {

// Digits, with a point, perhaps, or with letters behind them for a unit. The library itself also
// takes nan and 0x10, and reads 010 as 8.
std::string make_decimal(std::string& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const bool is_unit =
      std::ranges::all_of(text.substr(end), [](unsigned char c) { return std::isalpha(c) != 0; });
  if (end == 0 || !is_unit) return fmt::format("'{}' is no decimal number", text);
  text.erase(0, std::min(text.find_first_not_of('0'), end - 1));
  return "";
}

}  // namespace

std::string HelpFormatter::make_usage(const CLI::App*, std::string) const {
  return "usage: ./cluster [OPTIONS] [--exec PROGRAM -- ARGUMENTS]\n"
         "       ./cluster status|reload|stop --control PATH [--format text|prometheus]\n";
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0) return "";  // it has no value
  const std::string type = option->get_type_name();
  const std::string value = option->get_default_str();
  return fmt::format(" {}{}{}{}", type.substr(0, type.find(':')), value.empty() ? "" : "=", value,
                     option->get_required() ? " (required)" : "");
}

CLI::Option* decimal(CLI::Option* option) {
  return option->transform(CLI::Validator(make_decimal, ""));
}

void add_seconds(CLI::App& app, const std::string& name, std::chrono::milliseconds& value,
                 const std::string& description, double least) {
  const auto set = [&value](const double& seconds) {
    const double rounded_up = std::ceil(seconds * 1000);  // so little is not nothing
    value = std::chrono::milliseconds(std::lround(rounded_up));
  };
  decimal(app.add_option_function<double>(name, set, description))
      ->check(CLI::Range(least, 86400.0))
      ->type_name("SECONDS")
      ->default_str(std::to_string(value.count() / 1000));
}

void add_bytes(CLI::App& app, const std::string& name, std::size_t& value,
               const std::string& description) {
  decimal(app.add_option(name, value, description)->transform(CLI::AsSizeValue(false)))
      ->check(CLI::Range(std::size_t{64}, std::size_t{1} << 30))
      ->type_name("BYTES")
      ->capture_default_str();
}

// Kinds of options: which values they take, and how --help shows them.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstddef>
#include <string>

class HelpFormatter : public CLI::Formatter {
 public:
  // The library's own usage line does not mention the arguments after --.
  std::string make_usage(const CLI::App*, std::string) const override;

  // "P=8000", and not "P:INT in [0 - 65535]=8000". What is right, the message about a wrong value
  // says.
  std::string make_option_opts(const CLI::Option* option) const override;
};

// Lets `option` take decimal numbers only.
CLI::Option* decimal(CLI::Option* option);

// An option that is a number of seconds, such as 10 or 0.5; at least a millisecond, unless 0 means
// that there is no such thing.
void add_seconds(CLI::App& app, const std::string& name, std::chrono::milliseconds& value,
                 const std::string& description, double least = 0.001);

// An option that is a number of bytes, such as 16384 or 16KiB.
void add_bytes(CLI::App& app, const std::string& name, std::size_t& value,
               const std::string& description);

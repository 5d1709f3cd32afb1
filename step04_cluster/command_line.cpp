#include "command_line.h"

#include <uv.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

#include "console.h"
#include "os/os.h"

namespace {

using std::chrono::milliseconds;

// The library's own usage line does not mention the arguments after --.
class Formatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "usage: ./cluster [OPTIONS] [--exec PROGRAM -- ARGUMENTS]\n";
  }
};

const std::string kSignals =
    "The signals TERM and INT end the server gracefully, a second one at once.";

const std::map<std::string, cluster::Policy> kPolicies = {
    {"rr", cluster::Policy::kRoundRobin},
    {"shared", cluster::Policy::kShared},
    {"reuseport", cluster::Policy::kReusePort},
};

// An option that is a number of seconds, such as 10 or 0.5.
void add_seconds(CLI::App& app, const std::string& name, milliseconds& value,
                 const std::string& description) {
  const auto set = [&value](const double& seconds) {
    value = milliseconds(static_cast<long>(seconds * 1000));
  };
  app.add_option_function<double>(name, set, description)
      ->check(CLI::Range(0.001, 86400.0).description(""))
      ->type_name("SECONDS")
      ->default_str(std::to_string(value.count() / 1000));
}

// An option that is a number of bytes, such as 16384 or 16KiB.
void add_bytes(CLI::App& app, const std::string& name, std::size_t& value,
               const std::string& description) {
  app.add_option(name, value, description)
      ->transform(CLI::AsSizeValue(false).description(""))
      ->check(CLI::Range(std::size_t{64}, std::size_t{1} << 30).description(""))
      ->type_name("BYTES")
      ->capture_default_str();
}

// Names are not looked up: that would need a thread, or time.
std::string refuse_names(const std::string& host) {
  sockaddr_in v4;
  sockaddr_in6 v6;
  const bool is_numeric =
      uv_ip4_addr(host.c_str(), 0, &v4) == 0 || uv_ip6_addr(host.c_str(), 0, &v6) == 0;
  return is_numeric || host == "any" ? "" : "'" + host + "' is neither a numeric address nor 'any'";
}

void add_where(CLI::App& app, net::Where& where) {
  app.add_option("--host", where.host, "a numeric address, or 'any' for all of them")
      ->envname("HOST")
      ->check(CLI::Validator(refuse_names, ""))
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--port", where.port, "0 lets the kernel choose")
      ->envname("PORT")
      ->check(CLI::Range(0, 65535).description(""))
      ->type_name("P")
      ->capture_default_str();
}

void add_workers(CLI::App& app, CommandLine& line) {
  app.add_option("--workers", line.supervisor.workers, "how many (default: the usable CPUs)")
      ->check(CLI::Range(1, 512).description(""))
      ->type_name("N");
  app.add_option("--policy", line.policy,
                 "who accepts: the primary, in turn (rr); the workers, on one socket (shared), or "
                 "each on its own (reuseport)")
      ->transform(CLI::CheckedTransformer(kPolicies).description(""))
      ->type_name("rr|shared|reuseport");
  app.add_option("--exec", line.exec, "the workers' program, with the arguments after --")
      ->type_name("PROGRAM");
  app.add_option("args", line.args)->group("");
  app.add_option("--allow-fd", line.fds,
                 "an inherited descriptor that such a program may listen on; may be repeated")
      ->check(CLI::Range(3, 1 << 20).description(""))
      ->allow_extra_args(false)
      ->type_name("FD");
  add_seconds(app, "--start-timeout", line.supervisor.start_timeout,
              "a worker that is not listening by then is killed");
  add_seconds(app, "--drain-timeout", line.supervisor.drain_timeout,
              "a worker that was asked to leave, and is not gone by then, is killed");
}

void add_http(CLI::App& app, http::Options& http) {
  add_seconds(app, "--keep-alive-timeout", http.keep_alive_timeout, "between two requests");
  add_seconds(app, "--headers-timeout", http.headers_timeout, "for the head of a request");
  add_seconds(app, "--request-timeout", http.request_timeout, "for a whole request");
  add_seconds(app, "--send-timeout", http.send_timeout, "for a client that does not read");
  add_bytes(app, "--max-header-size", http.max_header_size, "of the head of a request");
  add_bytes(app, "--max-body-size", http.max_body_size, "of the body of a request");
}

[[noreturn]] void refuse(const std::string& reason) {
  complain("cluster: " + reason + " (try --help)");
  std::exit(2);
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine line;
  line.where.port = 8000;
  line.supervisor.workers = static_cast<int>(os::cpus());

  CLI::App app;
  app.formatter(std::make_shared<Formatter>());
  app.footer(kSignals);
  add_where(app, line.where);
  add_workers(app, line);
  add_http(app, line.http);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) refuse(error.what());
    say(app.help());
    std::exit(0);
  }
  if (line.exec.empty() && !line.args.empty()) refuse("'" + line.args.front() + "' is no option");
  return line;
}

#include "command_line.h"

#include <fmt/format.h>
#include <unistd.h>
#include <uv.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "console.h"
#include "option_kinds.h"

namespace {

const std::string kSignals =
    "The signals TERM and INT end the server gracefully, a second one at once; HUP replaces all\n"
    "workers by new ones, one after the other, or, once its terminal is closed, is the same as "
    "TERM;\n"
    "TTIN starts one worker more, TTOU one less.\n";

// Names are not looked up: that would need a thread, or time.
std::string refuse_names(const std::string& host) {
  if (const auto path = net::path_of(host)) return path->empty() ? "'unix:' without a path" : "";
  sockaddr_in v4;
  sockaddr_in6 v6;
  const bool is_numeric =
      uv_ip4_addr(host.c_str(), 0, &v4) == 0 || uv_ip6_addr(host.c_str(), 0, &v6) == 0;
  if (is_numeric || host == "any") return "";
  return fmt::format("'{}' is neither a numeric address, nor 'any', nor 'unix:PATH'", host);
}

void add_where(CLI::App& app, net::Where& where) {
  app.add_option("--host", where.host,
                 "a numeric address, 'any' for all of them, or unix:PATH (or $HOST)")
      ->check(CLI::Validator(refuse_names, ""))
      ->type_name("ADDRESS")
      ->capture_default_str();
  decimal(app.add_option("--port", where.port, "0 lets the kernel choose (or $PORT)"))
      ->check(CLI::Range(0, 65535))
      ->type_name("P")
      ->capture_default_str();
}

void add_workers(CLI::App& app, CommandLine& line) {
  decimal(
      app.add_option("--workers", line.supervisor.workers, "how many (default: the usable CPUs)"))
      ->check(CLI::Range(1, supervisor::kMaxWorkers))
      ->type_name("N");
  const auto set_policy = [&line](const std::string& name) {
    line.policy = cluster::policy_named(name);
    if (!line.policy)
      throw CLI::ValidationError("--policy", fmt::format("there is no policy '{}'", name));
  };
  app.add_option_function<std::string>(
         "--policy", set_policy,
         "who accepts: the primary, in turn (rr); the workers, on one socket (shared), or "
         "each on its own (reuseport)")
      ->type_name("rr|shared|reuseport");
  app.add_option("--exec", line.exec, "the workers' program, with the arguments after --")
      ->type_name("PROGRAM");
  app.add_option("args", line.args)->group("");
  decimal(
      app.add_option("--allow-fd", line.fds,
                     "an inherited descriptor that such a program may listen on; may be repeated"))
      ->check(CLI::Range(3, 1 << 20))
      ->allow_extra_args(false)
      ->type_name("FD");
  add_seconds(app, "--start-timeout", line.supervisor.start_timeout,
              "a worker that is not listening by then is killed; 0: it need not listen", 0);
  add_seconds(app, "--drain-timeout", line.supervisor.drain_timeout,
              "a worker that was asked to leave, and is not gone by then, is killed");
}

User user_named(const std::string& name) {
  const auto user = user_of(name);
  if (!user) throw CLI::ValidationError("--user", fmt::format("there is no user '{}'", name));
  if (cluster::is_primary() && geteuid() != 0)
    throw CLI::ValidationError("--user", "only root can become somebody else");
  return *user;
}

void add_operation(CLI::App& app, CommandLine& line) {
  add_seconds(app, "--drain-grace", line.supervisor.drain_grace,
              "after TERM, serve on for so long; /healthz says 503", 0);
  add_seconds(app, "--liveness-timeout", line.supervisor.liveness_timeout,
              "a worker that does not answer its primary for so long is killed; 0: never", 0);
  decimal(app.add_option("--max-requests", line.max_requests,
                         "about so many, then a worker is replaced; 0: no limit"))
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40))
      ->type_name("N")
      ->capture_default_str();
  add_bytes(app, "--max-message-size", line.max_message_size,
            "of a message to the primary; a worker that sends more is killed");
  const auto set_user = [&line](const std::string& name) { line.user = user_named(name); };
  app.add_option_function<std::string>(
         "--user", set_user, "the user that the workers run as; then they may listen nowhere else")
      ->type_name("NAME");
  app.add_option("--pid-file", line.pid_file, "holds the primary's process id, and is locked")
      ->type_name("PATH");
  app.add_option("--control", line.control, "a socket for: cluster status, reload, stop")
      ->type_name("PATH");
}

// cluster status --control PATH
CLI::App* add_question(CLI::App& app, CommandLine& line, const std::string& name,
                       const std::string& description) {
  CLI::App* question = app.add_subcommand(name, description);
  question->add_option("--control", line.control, "the socket of the server")
      ->required()
      ->type_name("PATH");
  add_seconds(*question, "--patience", line.patience, "for a server that is silent");
  return question;
}

void add_questions(CLI::App& app, CommandLine& line) {
  add_question(app, line, "status", "shows the workers of a running server")
      ->add_option("--format", "for people, or for machines")
      ->check(CLI::IsMember({"text", "prometheus"}))
      ->type_name("text|prometheus");
  add_question(app, line, "reload", "the same as HUP, and waits until it is done");
  add_question(app, line, "stop", "the same as TERM");
}

// The request that stands for what was asked; empty, if this is to be a server.
std::string question_of(const CLI::App& app) {
  if (app.got_subcommand("reload")) return "POST /reload";
  if (app.got_subcommand("stop")) return "POST /stop";
  if (!app.got_subcommand("status")) return "";
  const auto* format = app.get_subcommand("status")->get_option("--format");
  return format->as<std::string>() == "prometheus" ? "GET /metrics" : "GET /status";
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
  complain(fmt::format("cluster: {} (try --help)", reason));
  std::exit(2);
}

// Takes the value of an option that is not given from the environment. What is wrong with it is
// said of the variable: nobody may have typed the option. (CLI11 has something of the kind, which
// some of its versions take silently for nothing if the value is wrong.)
void take_from_environment(CLI::Option& option, const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || option.count() > 0) return;
  try {
    option.add_result(value);
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    refuse(fmt::format("{}='{}' in the environment: {} (unset it, or give {})", variable, value,
                       error.what(), option.get_name()));
  }
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine line;
  line.where.port = 8000;
  line.supervisor.workers = std::min(static_cast<int>(cluster::cpus()), supervisor::kMaxWorkers);

  CLI::App app;
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer(kSignals);
  add_where(app, line.where);
  add_workers(app, line);
  add_operation(app, line);
  add_http(app, line.http);
  add_questions(app, line);
  try {
    app.parse(argc, argv);
    line.question = question_of(app);
    if (line.question.empty()) {
      take_from_environment(*app.get_option("--host"), "HOST");
      take_from_environment(*app.get_option("--port"), "PORT");
    }
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) refuse(error.what());
    answer(app.help());
    std::exit(0);
  }
  if (line.exec.empty() && !line.args.empty())
    refuse(fmt::format("'{}' is no option", line.args.front()));
  return line;
}

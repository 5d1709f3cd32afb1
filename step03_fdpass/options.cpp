#include "options.h"

#include <getopt.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "console.h"
#include "number.h"
#include "sys_error.h"

namespace {

constexpr int kMaxWorkers = 512;

const std::string kUsage =
    "usage: ./cluster [--workers N] [--port P]\n"
    "\n"
    "  --workers N  worker processes, 1 to 512 (default: the number of usable CPUs)\n"
    "  --port P     TCP port on 127.0.0.1; 0 lets the kernel choose (default: 8000)\n"
    "  --help       print this text";

[[noreturn]] void refuse(const std::string& reason) {
  complain("cluster: " + reason + " (try --help)");
  std::exit(2);
}

int number_or_refuse(const std::string& option, const std::string& text, int least, int most) {
  try {
    return number_in(option, text, least, most);
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
}

int usable_cpus() {
  cpu_set_t cpus;
  check(sched_getaffinity(0, sizeof(cpus), &cpus), "sched_getaffinity");
  return std::min(CPU_COUNT(&cpus), kMaxWorkers);
}

}  // namespace

Options parse_options(int argc, char** argv) {
  const option known[] = {{"workers", required_argument, nullptr, 'w'},
                          {"port", required_argument, nullptr, 'p'},
                          {"help", no_argument, nullptr, 'h'},
                          {}};
  Options options = {usable_cpus()};
  opterr = 0;  // the messages are ours
  for (int c; (c = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (c) {
      case 'w':
        options.workers = number_or_refuse("--workers", optarg, 1, kMaxWorkers);
        break;
      case 'p':
        options.port = number_or_refuse("--port", optarg, 0, 65535);
        break;
      case 'h':
        say(kUsage);
        std::exit(0);
      default:
        refuse("'" + std::string(argv[optind - 1]) + "': no such option, or its value is missing");
    }
  }
  if (optind < argc) refuse("'" + std::string(argv[optind]) + "': unexpected argument");
  return options;
}

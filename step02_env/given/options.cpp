#include "options.h"

#include <getopt.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "console.h"
#include "number.h"

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

// The option that getopt_long() has just complained about: a letter, or a whole word of `argv`.
std::string refused_option(char** argv) {
  const bool is_letter = optopt > 0 && optopt < 256;
  return is_letter ? std::string("-") + static_cast<char>(optopt) : argv[optind - 1];
}

int number_or_refuse(const std::string& option, const std::string& text, int least, int most) {
  try {
    return number_in(option, text, least, most);
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
}

// Where the kernel does not say (it has more CPUs than the set has room for, or a container's
// filter forbids to ask): those of the machine.
int usable_cpus() {
  cpu_set_t cpus;
  const bool is_told = sched_getaffinity(0, sizeof(cpus), &cpus) == 0;
  const long count = is_told ? CPU_COUNT(&cpus) : sysconf(_SC_NPROCESSORS_ONLN);
  return static_cast<int>(std::clamp<long>(count, 1, kMaxWorkers));
}

}  // namespace

Options parse_options(int argc, char** argv) {
  enum { kWorkers = 256, kPort, kHelp };  // numbers that no character has
  const option known[] = {{"workers", required_argument, nullptr, kWorkers},
                          {"port", required_argument, nullptr, kPort},
                          {"help", no_argument, nullptr, kHelp},
                          {}};
  Options options = {usable_cpus()};
  opterr = 0;  // the messages are ours
  for (int c; (c = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (c) {
      case kWorkers:
        options.workers = number_or_refuse("--workers", optarg, 1, kMaxWorkers);
        break;
      case kPort:
        options.port = number_or_refuse("--port", optarg, 0, 65535);
        break;
      case kHelp:
        answer(kUsage);
        std::exit(0);
      default:
        refuse("'" + refused_option(argv) + "': no such option, or its value is missing");
    }
  }
  if (optind < argc) refuse("'" + std::string(argv[optind]) + "': unexpected argument");
  return options;
}

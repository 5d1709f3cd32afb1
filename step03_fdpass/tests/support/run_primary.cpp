// Runs our primary with any program as its workers: run_primary COUNT PROGRAM [ARGUMENT ...]
// The tests use it to see what the primary makes of workers that are not ours.
#include <iostream>
#include <stdexcept>

#include "console.h"
#include "number.h"
#include "primary.h"

int main(int argc, char** argv) {
  try {
    if (argc < 3) throw std::invalid_argument("usage: run_primary COUNT PROGRAM [ARGUMENT ...]");
    prepare_console();
    Primary primary;
    for (int i = number_in("COUNT", argv[1], 1, 100); i > 0; --i) {
      primary.fork(argv[2], {argv + 2, argv + argc});
    }
    return primary.run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

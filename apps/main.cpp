#include <cstdio>
#include <exception>
#include <new>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/bench.hpp"
#include "apps/convert.hpp"
#include "apps/download/command.hpp"
#include "apps/eval.hpp"
#include "apps/info.hpp"
#include "apps/show.hpp"
#include "apps/train.hpp"
#include "apps/verify.hpp"

/// Exit status: 0 the task is done, 1 it failed (a line `error: ...` says why), 2 the command line
/// is wrong; train or download that was stopped by a signal ends with 128 + its number. A
/// subcommand that has said all itself throws CLI::RuntimeError.
int main(int argc, char** argv) {
  using namespace spiketape::apps;
  try {
    CLI::App app("Spiking neural networks with sparse gradients", "spiketape");
    app.require_subcommand(1);
    app.get_formatter()->column_width(36);
    add_download(app);
    add_train(app);
    add_eval(app);
    add_show(app);
    add_convert(app);
    add_verify(app);
    add_bench(app);
    add_info(app);
    try {
      app.parse(argc, argv);
    } catch (const CLI::RuntimeError& ended) {
      return ended.get_exit_code();
    } catch (const CLI::Success& help) {
      return app.exit(help);
    } catch (const CLI::ParseError& wrong) {
      fmt::print(stderr,
                 "error: {}\nspiketape --help and spiketape train --help list what there is\n",
                 wrong.what());
      return 2;
    }
    return 0;
  } catch (const std::bad_alloc&) {
    std::fputs("error: out of memory; a smaller --batch needs less\n", stderr);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
  }
  return 1;
}

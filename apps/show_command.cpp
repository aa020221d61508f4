#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/gnuplot.hpp"
#include "apps/show.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

void show_command(const ShowArguments& arguments) {
  Picture picture;
  PictureFormat format = PictureFormat::svg;
  try {
    format = picture_format(arguments.out);
    picture = collect(arguments);
  } catch (const DataError&) {
    throw;
  } catch (const NumericError&) {
    throw;
  } catch (const BackendError&) {
    throw;
  } catch (const Error& error) {
    throw CLI::ValidationError(error.what());
  }
  draw_with_gnuplot(gnuplot_script(picture, format), arguments.out);
  fmt::print("{}: {}\n", arguments.out, picture.title);
}

}  // namespace

void add_show(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("show", "Draw a sample, and what a trained network makes of it");
  command->footer(
      "Draws the input of a sample, event by event. With --run also the spikes and the active set\n"
      "of each hidden layer, the membrane of some neurons, and the readout of each class. "
      "Settings\n"
      "then come from the run. Samples are drawn as they are, without augmentation. Drawn by\n"
      "gnuplot (apt-get install gnuplot-nox).");
  const auto arguments = std::make_shared<ShowArguments>();
  command->add_option("recipe",
                      arguments->recipe,
                      "whose data, as in spiketape train; with --run it may be left out");
  command->add_option("--out", arguments->out, "the picture: a .svg, .png or .pdf file")
      ->required()
      ->type_name("FILE");
  command->add_option("--sample", arguments->sample, "which sample, from 0 [0]");
  command->add_option("--part", arguments->part, "which half of the data: train or test [test]");
  command->add_option(
      "--run", arguments->run, "run folder (its best.h5 is taken) or checkpoint file");
  command->add_option("--layer", arguments->layer, "whose membranes; 1 is the first hidden [1]");
  command
      ->add_option("--neurons",
                   arguments->neurons,
                   "whose membranes, e.g. 0,5,17 [the three that fire most]")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("N,N,...");
  add_setting_options(*command, arguments->settings);
  command->callback([arguments] { show_command(*arguments); });
}

}  // namespace spiketape::apps

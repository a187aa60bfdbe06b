#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::fuzz {
namespace {

std::vector<std::filesystem::path> CorpusOf(const std::string& target) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(FUZZ_CORPUS) / target)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class CorpusTest : public ::testing::TestWithParam<std::pair<std::string, Target>> {};

// What does not hold ends the program; the name of the file stands above.
TEST_P(CorpusTest, Holds) {
  const auto& [name, target] = GetParam();
  const std::vector<std::filesystem::path> files = CorpusOf(name);
  ASSERT_FALSE(files.empty());
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    ASSERT_TRUE(in.good()) << file;
    const std::string input((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    target(input);
    // Cut short, since that is where parsers read on.
    target(absl::string_view(input).substr(0, input.size() / 2));
  }
  target("");
}

INSTANTIATE_TEST_SUITE_P(Fuzz, CorpusTest, ::testing::ValuesIn(Targets()),
                         [](const auto& info) { return info.param.first; });

}  // namespace
}  // namespace rostrum::fuzz

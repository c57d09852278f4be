// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace rqs::util {

/// An empty folder that goes with the test. Its name is the kernel's to choose: a test that was
/// killed leaves one behind, and process ids come again.
class FolderForTest {
  public:
    FolderForTest() {
        std::string name = std::filesystem::temp_directory_path() / "rqs-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no folder can be made for the test: " + name);
        }
        path_ = std::filesystem::canonical(name);
    }
    FolderForTest(const FolderForTest&) = delete;
    FolderForTest& operator=(const FolderForTest&) = delete;
    ~FolderForTest() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }
    [[nodiscard]] bool empty() const { return std::filesystem::is_empty(path_); }

  private:
    std::filesystem::path path_;
};

}  // namespace rqs::util

// SPDX-License-Identifier: BSD-2-Clause
#include "util/read_to_end.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace rqs::util {
namespace {

/// A pipe that holds `content` and then ends.
class Source {
  public:
    explicit Source(const std::string& content) {
        EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
        EXPECT_EQ(::write(ends_[1], content.data(), content.size()),
                  static_cast<ssize_t>(content.size()));
        ::close(ends_[1]);
    }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source() { ::close(ends_[0]); }
    [[nodiscard]] int fd() const { return ends_[0]; }

  private:
    std::array<int, 2> ends_{};
};

TEST(ReadToEnd, TakesAllOfIt) {
    const std::string content(40'000, 'x');
    EXPECT_EQ(read_to_end(Source(content).fd()), content);
    EXPECT_EQ(read_to_end(Source("").fd()), "");
}

TEST(ReadToEnd, TakesNoMoreThanItsLimit) {
    EXPECT_EQ(read_to_end(Source("12345").fd(), 5), "12345");
    errno = 0;
    EXPECT_EQ(read_to_end(Source("123456").fd(), 5), std::nullopt);
    EXPECT_EQ(errno, EFBIG);
}

TEST(ReadToEnd, SaysWhatIsWrong) {
    errno = 0;
    EXPECT_EQ(read_to_end(-1), std::nullopt);
    EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace rqs::util

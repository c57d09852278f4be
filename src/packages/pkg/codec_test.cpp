// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "pkg/base64.h"
#include "pkg/deflate.h"

namespace rqs::pkg {
namespace {

Bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

TEST(Base64, HasTheVectorsOfItsStandard) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(base64_encode(bytes_of(plain)), encoded);
        const auto decoded = base64_decode(encoded);
        ASSERT_TRUE(decoded) << encoded;
        EXPECT_EQ(*decoded, bytes_of(plain));
    }
}

TEST(Base64, ComesBackFromAllBytes) {
    Bytes all;
    for (int i = 0; i < 256; ++i) {
        all.push_back(static_cast<std::uint8_t>(i));
        EXPECT_EQ(*base64_decode(base64_encode(all)), all);
    }
}

TEST(Base64, SkipsLineBreaks) {
    EXPECT_EQ(*base64_decode("Zm9v\r\nYm Fy\t"), bytes_of("foobar"));
}

TEST(Base64, RefusesWhatIsNotCanonical) {
    for (const char* bad :
         {"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Zm9v=", "Zh==", "Zm9=", "Zm$v", "-_-_", "Zg==Zg=="}) {
        EXPECT_FALSE(base64_decode(bad)) << bad;
    }
}

TEST(Deflate, ComesBack) {
    const Bytes plain(100'000, 'x');
    const auto packed = deflate(plain);
    ASSERT_TRUE(packed);
    EXPECT_LT(packed->size(), 1000U);
    EXPECT_EQ(*inflate(*packed, plain.size()), plain);
}

TEST(Deflate, BoundsWhatABombMayTake) {
    const auto bomb = deflate(Bytes(50'000'000, 0));
    ASSERT_TRUE(bomb);
    EXPECT_FALSE(inflate(*bomb, 1'000'000));
    EXPECT_FALSE(inflate(*bomb, 49'999'999));
    EXPECT_TRUE(inflate(*bomb, 50'000'000));
}

TEST(Deflate, RefusesDamage) {
    const auto packed = deflate(bytes_of("some text that is worth a stream"));
    ASSERT_TRUE(packed);
    for (std::size_t size = 0; size < packed->size(); ++size) {
        EXPECT_FALSE(
            inflate(Bytes(packed->begin(), packed->begin() + static_cast<long>(size)), 100));
    }
    Bytes longer = *packed;
    longer.push_back(0);
    EXPECT_FALSE(inflate(longer, 100)) << "bytes behind the end";
    Bytes flipped = *packed;
    flipped.back() = static_cast<std::uint8_t>(flipped.back() ^ 1U);
    EXPECT_FALSE(inflate(flipped, 100)) << "wrong checksum";
}

}  // namespace
}  // namespace rqs::pkg

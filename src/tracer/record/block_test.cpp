// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <functional>

#include "record/block_decoder.h"
#include "record/block_encoder.h"
#include "record/pack.h"
#include "record/random_records_for_test.h"
#include "record/records_for_test.h"
#include "session/fanout.h"

namespace rqs::record {
namespace {

TEST(Numbers, ZigzagKeepsEveryNumber) {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, INT64_MIN,
                                     INT64_MAX, std::int64_t{-12345}}) {
        EXPECT_EQ(unzigzag(zigzag(value)), value);
    }
    EXPECT_EQ(zigzag(-1), 1U);
    EXPECT_EQ(add_zigzag(5, zigzag_difference(3, 5)), 3U);
}

TEST(Numbers, BitsOfAnyWidthComeBack) {
    std::mt19937_64 random(1);
    BitWriter writer;
    std::vector<std::pair<std::uint64_t, unsigned>> put;
    for (int i = 0; i < 10000; ++i) {
        const auto width = static_cast<unsigned>(random() % 65);
        const std::uint64_t value = width == 0 ? 0 : random() >> (64 - width);
        put.emplace_back(value, width);
        writer.put(value, width);
    }
    const Bytes bytes = writer.take();
    Reading reading;
    BitReader reader(bytes, reading);
    for (const auto& [value, width] : put) {
        ASSERT_EQ(reader.get(width), value);
    }
    EXPECT_FALSE(reading.failed);
    (void)reader.get(9);
    EXPECT_TRUE(reading.failed);
}

TEST(Numbers, VarintsAndClassesComeBackAndEndsAreNoticed) {
    std::mt19937_64 random(2);
    Bytes classes;
    Bytes varints;
    BitWriter bits;
    std::vector<std::uint64_t> values{0, 1, 2, 127, 128, UINT64_MAX};
    for (int i = 0; i < 1000; ++i) {
        values.push_back(random() >> random() % 64);
    }
    for (const std::uint64_t value : values) {
        put_number(classes, bits, value);
        put_varint(varints, value);
    }
    const Bytes low = bits.take();
    Reading reading;
    ByteReader class_reader(classes, reading);
    ByteReader varint_reader(varints, reading);
    BitReader bit_reader(low, reading);
    for (const std::uint64_t value : values) {
        ASSERT_EQ(get_number(class_reader, bit_reader, reading), value);
        ASSERT_EQ(get_varint(varint_reader, reading), value);
    }
    EXPECT_FALSE(reading.failed);
    (void)get_varint(varint_reader, reading);
    EXPECT_TRUE(reading.failed);
}

/// Puts records into an encoder.
class Encoding final : public RecordHandler {
  public:
    explicit Encoding(BlockEncoder& encoder) : encoder_(encoder) {}
    void on_switch(const Switch& x) override { encoder_.add(x); }
    void on_throttle(const ThrottleLook& x) override { encoder_.note(x); }
    void on_stuck(const Stuck& x) override { encoder_.note(x); }
    void on_loss(const Loss& x) override { encoder_.note(x); }
    void on_clock(const ClockReading& x) override { encoder_.note(x); }
    void on_process(const ProcessInfo& x) override { encoder_.note(x); }
    void on_cgroup(const CgroupInfo& x) override { encoder_.note(x); }
    void on_fork(const Fork& x) override { encoder_.note(x); }
    void on_exit(const Exit& x) override { encoder_.note(x); }
    void on_affinity(const Affinity& x) override { encoder_.note(x); }

  private:
    BlockEncoder& encoder_;
};

TEST(Block, EveryRecordComesBackAsItWas) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        BlockEncoder encoder;
        Encoding encoding(encoder);
        Witness in;
        Fanout both(in, encoding);
        RandomRecords records(seed, seed % 3 == 0 ? 300 : 3);
        for (int i = 0; i < 2000; ++i) {
            records.step(both);
        }
        both.on_throttle({0, 1, 2, 3, 4, 5});  // behind the last switch
        Stuck stuck;
        stuck.waiting_ns = 6;
        stuck.task = {3, 3, Comm::from("x")};
        both.on_stuck(stuck);
        Packer packer;
        const PackedBlock packed = packer.pack(encoder.take());
        const auto header = parse_header(packed.frame);
        ASSERT_TRUE(header);
        const ByteView payload = ByteView(packed.frame).subspan(header_bytes);
        ASSERT_TRUE(payload_is_whole(*header, payload));
        Unpacker unpacker;
        const auto block = unpacker.unpack(*header, payload);
        ASSERT_TRUE(block) << block.error().message;
        EXPECT_EQ((*block)->summary, packed.summary);
        Witness witness;
        BlockDecoder decoder;
        const auto decoded = decoder.decode(**block, true, witness);
        ASSERT_TRUE(decoded) << decoded.error().message;
        ASSERT_EQ(witness.lines.size(), in.lines.size());
        for (std::size_t i = 0; i < in.lines.size(); ++i) {
            ASSERT_EQ(witness.lines[i], in.lines[i]) << "seed " << seed << " record " << i;
        }
    }
}

TEST(Block, WithoutTheBlockBeforeNoSwitchFollows) {
    BlockEncoder encoder;
    for (std::uint64_t i = 1; i < 4; ++i) {
        Switch record;
        record.cpu = i % 2;
        record.clock_ns = i * 100;
        record.follows = true;
        encoder.add(record);
    }
    const Block block = encoder.take();
    for (const bool continues : {true, false}) {
        Witness witness;
        ASSERT_TRUE(BlockDecoder().decode(block, continues, witness));
        EXPECT_EQ(witness.lines[0].find("switch 1 100 true"), continues ? 0 : std::string::npos);
        EXPECT_EQ(witness.lines[1].find("switch 0 200 true"), continues ? 0 : std::string::npos);
        EXPECT_EQ(witness.lines[2].find("switch 1 300 true"), 0U);
    }
}

/// What a decoder for a machine of four CPUs makes of what `add` has put into a block.
Status decoded_of_four_cpus(const std::function<void(BlockEncoder&)>& add, Witness& witness) {
    BlockEncoder encoder;
    add(encoder);
    return BlockDecoder(4).decode(encoder.take(), true, witness);
}

TEST(Block, OfACpuThatTheMachineHasNotGotIsAnError) {
    const auto switch_on = [](std::uint32_t cpu, std::uint32_t waker_cpu) {
        return [=](BlockEncoder& encoder) {
            Switch record;
            record.cpu = cpu;
            record.clock_ns = 100;
            record.came.emplace().waker = Waker{TaskId{}, waker_cpu, false};
            encoder.add(record);
        };
    };
    const auto happening = [](auto happened, std::uint32_t cpu) {
        happened.cpu = cpu;
        return [=](BlockEncoder& encoder) { encoder.note(happened); };
    };
    for (const std::uint32_t cpu : {3U, 4U, 300U, 8191U}) {
        const bool there = cpu == 3;
        for (const std::function<void(BlockEncoder&)>& add : {
                 std::function<void(BlockEncoder&)>(switch_on(cpu, 0)),
                 std::function<void(BlockEncoder&)>(switch_on(0, cpu)),
                 std::function<void(BlockEncoder&)>(happening(ThrottleLook{}, cpu)),
                 std::function<void(BlockEncoder&)>(happening(Stuck{}, cpu)),
                 std::function<void(BlockEncoder&)>(happening(Loss{}, cpu)),
             }) {
            Witness witness;
            EXPECT_EQ(decoded_of_four_cpus(add, witness).has_value(), there) << cpu;
            EXPECT_EQ(witness.lines.size(), there ? 1U : 0U) << cpu;
        }
    }
    Witness witness;
    EXPECT_TRUE(decoded_of_four_cpus(happening(Loss{}, Loss::any_cpu), witness));
}

// Sanitizers and a bound on what comes out are the judges.
TEST(Block, BytesThatAreFlippedAreAnErrorOrRecords) {
    BlockEncoder encoder;
    Encoding encoding(encoder);
    Witness in;
    Fanout both(in, encoding);
    RandomRecords records(7);
    for (int i = 0; i < 300; ++i) {
        records.step(both);
    }
    const Block good = encoder.take();
    std::mt19937_64 random(3);
    for (int round = 0; round < 3000; ++round) {
        Block bad = good;
        for (int flips = 0; flips < 3; ++flips) {
            Bytes& column = bad.columns.at(random() % column_count);
            if (!column.empty()) {
                column[random() % column.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
            }
        }
        Witness witness;
        (void)BlockDecoder().decode(bad, false, witness);
        EXPECT_LE(witness.lines.size(), 4 * in.lines.size());
    }
}

TEST(Block, AColumnThatIsCutIsAnError) {
    BlockEncoder encoder;
    Encoding encoding(encoder);
    Witness in;
    Fanout both(in, encoding);
    RandomRecords records(8);
    for (int i = 0; i < 500; ++i) {
        records.step(both);
    }
    const Block good = encoder.take();
    for (const Column column : {Column::bits, Column::time, Column::who_low, Column::here,
                                Column::rare, Column::odd_low, Column::cpu_low}) {
        Block bad = good;
        bad[column].resize(bad[column].size() / 2);
        Witness witness;
        EXPECT_FALSE(BlockDecoder().decode(bad, false, witness)) << static_cast<int>(column);
    }
}

}  // namespace
}  // namespace rqs::record

// SPDX-License-Identifier: BSD-2-Clause
#include "workers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace rqs::ktest {

Sleepers::Sleepers(const std::vector<std::string>& names, const std::function<void()>& prepare,
                   Gate* gate) {
    process_ = std::make_unique<Process>([&] {
        if (prepare) {
            prepare();
        }
        const auto live = [&](std::size_t index) {
            set_name(names.at(index).c_str());
            board_->tids.at(index) = ::gettid();
            ++board_->ready;
            if (gate != nullptr) {
                gate->wait();
            }
            while (true) {
                sleep_ns(1_ms);
            }
        };
        std::vector<std::thread> threads;
        for (std::size_t i = 1; i < names.size(); ++i) {
            threads.emplace_back(live, i);
        }
        live(0);
    });
    EXPECT_TRUE(wait_for([&] { return board_->ready == names.size(); }));
}

Hogs::Hogs(std::size_t count, std::uint64_t cpu_ns) : count_(count) {
    process_ = std::make_unique<Process>([&] {
        pin(scene_cpu());
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < count; ++i) {
            threads.emplace_back([&, i] {
                board_->tids.at(i) = ::gettid();
                ++board_->ready;
                board_->gate.wait();
                burn_ns(cpu_ns);
                ++board_->done;
                board_->end.wait();
            });
        }
        board_->end.wait();
    });
    EXPECT_TRUE(wait_for([&] { return board_->ready == count_ && all_asleep(); }));
}

bool Hogs::all_asleep() const {
    bool asleep = is_asleep(pid(), pid());
    for (std::size_t i = 0; i < count_; ++i) {
        asleep = asleep && is_asleep(pid(), board_->tids.at(i));
    }
    return asleep;
}

bool Hogs::finished() const {
    return wait_for([&] { return board_->done == count_ && all_asleep(); });
}

std::uint64_t Hogs::waits() const {
    std::uint64_t sum = 0;
    for (const pid_t tid : tids()) {
        sum += account_of(pid(), tid).waits;
    }
    return sum;
}

std::vector<pid_t> Hogs::tids() const {
    std::vector<pid_t> all{pid()};
    for (std::size_t i = 0; i < count_; ++i) {
        all.push_back(board_->tids.at(i));
    }
    return all;
}

}  // namespace rqs::ktest

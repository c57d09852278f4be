// SPDX-License-Identifier: BSD-2-Clause
// What a run of the benchmark found, and what is claimed about it. Pure data and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rqs::bench {

/// One value a round. A variant that cannot measure something has none of it.
class Series {
  public:
    void add(double value) { values_.push_back(value); }
    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] std::size_t size() const { return values_.size(); }
    [[nodiscard]] double at(std::size_t round) const { return values_.at(round); }
    /// 0 when empty.
    [[nodiscard]] double median() const;
    [[nodiscard]] double smallest() const;
    [[nodiscard]] double largest() const;

  private:
    std::vector<double> values_;
};

/// The role of a variant in the comparison; there is at most one of each.
enum class Role { untraced, empty, ours, ours_all, classic, classic_all, perf, peer };

struct VariantFigures {
    Role role = Role::untraced;
    std::string label;
    std::string missing;       ///< why it was not measured; empty if it was
    Series hook_ns;            ///< inside its programs, per context switch
    Series runs;               ///< runs of its programs per context switch
    Series net_ns;             ///< hook_ns less what as many runs of the empty program took
    Series pingpong_ns;        ///< per round trip, with no statistics on
    Series hackbench_ns;       ///< per message
    Series pingpong_slowdown;  ///< against the untraced run of the same round
    Series hackbench_slowdown;
    Series attach_ms;    ///< from exec to the last program attached
    Series cpu_percent;  ///< of one CPU, its user space under the ping-pong
    Series peak_rss;     ///< bytes
    Series kernel_bytes;
    Series total_bytes;                 ///< the two, what is in both once
    std::optional<std::uint64_t> seen;  ///< waits, over all rounds
    std::optional<std::uint64_t> kept;
    std::optional<std::uint64_t> lost;
};

/// A run in which every wait must be accounted for.
struct LossFigures {
    bool measured = false;
    std::uint64_t seen = 0;
    std::uint64_t kept = 0;
    std::uint64_t lost = 0;
    std::uint64_t lines = 0;     ///< waits that were printed
    double load_rate = 0;        ///< waits a second that the load made
    std::uint64_t left_out = 0;  ///< the tool's own

    /// Whether every wait is accounted for.
    [[nodiscard]] bool is_exact() const { return kept + lost + left_out == seen && lines == kept; }
};

struct FormatFigure {
    std::string name;
    double events_per_s = 0;  ///< of one core's time
};

/// A number of threads and what it does to the hook.
struct ThreadFigures {
    std::uint32_t few = 0;
    std::uint32_t many = 0;
    std::string load;
    Role role = Role::ours;
    Series few_ns;  ///< hook, per switch, gross
    Series many_ns;
    [[nodiscard]] double ratio() const;
};

/// One tool under one overload, over all rounds.
struct OverloadFigures {
    Role role = Role::ours;
    std::string label;  ///< of the tool and its options
    std::string load;   ///< the kind of overload
    std::uint32_t tasks = 0;
    bool plain = false;   ///< text at the default threshold: the smallest that the tool can be
    std::string missing;  ///< why it was not measured; empty if it was
    std::optional<std::uint64_t> seen;  ///< waits, as the tool says
    std::optional<std::uint64_t> kept;
    std::optional<std::uint64_t> lost;
    Series cpu_percent;  ///< of one CPU, the tool's user and system time
    Series cpu_share;    ///< of all CPUs together, percent
    Series peak_rss;     ///< bytes beside the rings
    Series ring_bytes;   ///< resident bytes of the maps that the tool has mapped
};

/// A long run under one burst of overload after the other.
struct SoakFigures {
    std::string label;
    bool plain = false;
    double minutes = 0;
    Series rss;                  ///< bytes beside the rings, every few seconds
    std::uint64_t peak_rss = 0;  ///< bytes beside the rings
    LossFigures loss;
};

struct Figures {
    std::vector<VariantFigures> variants;
    LossFigures starved;
    LossFigures fast;
    std::vector<FormatFigure> formats;
    std::vector<ThreadFigures> threads;
    std::vector<OverloadFigures> overloads;

    [[nodiscard]] const VariantFigures* find(Role role) const;
};

struct Claim {
    bool holds = false;
    std::string text;
};

/// Every claim, whether it holds, and by which figures. What was not measured does not hold.
std::vector<Claim> judge(const Figures& figures);

/// What is claimed of overloads: part of judge().
std::vector<Claim> judge_overloads(const std::vector<OverloadFigures>& rows);

/// What is claimed of a long run.
std::vector<Claim> judge_soak(const SoakFigures& soak);

/// The figures as Markdown tables.
std::string tables(const Figures& figures);

}  // namespace rqs::bench

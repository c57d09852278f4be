// SPDX-License-Identifier: BSD-2-Clause
#include "tracer.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "situation.h"

namespace rqs::ktest {
namespace {

using Json = nlohmann::json;

/// The program that is attached last; the names that the kernel keeps have 15 bytes.
constexpr const char* last_program = "on_switch";

std::string binary() {
    const char* path = std::getenv("RQS_BINARY");
    return path != nullptr ? path : RQS_DEFAULT_BINARY;
}

void make_pipe(util::Fd& reader, util::Fd& writer) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("cannot make a pipe");
    }
    reader.reset(ends[0]);
    writer.reset(ends[1]);
}

std::string program_name(std::uint32_t id) {
    const int fd = ::bpf_prog_get_fd_by_id(id);
    if (fd < 0) {
        return {};
    }
    bpf_prog_info info{};
    __u32 length = sizeof(info);
    const int failed = ::bpf_obj_get_info_by_fd(fd, &info, &length);
    ::close(fd);
    return failed != 0 ? std::string() : std::string(static_cast<const char*>(info.name));
}

Part part_from(const Json& json) {
    Part part;
    part.kind = json.at("kind").get<std::string>();
    part.ns = json.at("ns").get<std::uint64_t>();
    if (part.kind == "ran") {
        part.tid = json.at("tid").get<std::uint32_t>();
        part.pid = json.at("pid").get<std::uint32_t>();
        part.comm = json.at("comm").get<std::string>();
        part.relation = json.at("relation").get<std::string>();
        part.kthread = json.value("kthread", false);
    }
    return part;
}

Wait wait_from(const Json& json) {
    Wait wait;
    wait.ts_ns = json.at("ts_ns").get<std::uint64_t>();
    wait.wait_ns = json.at("wait_ns").get<std::uint64_t>();
    wait.cgroup_id = json.at("cgroup_id").get<std::uint64_t>();
    wait.cpu = json.at("cpu").get<std::uint32_t>();
    wait.tid = json.at("tid").get<std::uint32_t>();
    wait.pid = json.at("pid").get<std::uint32_t>();
    wait.prev_tid = json.at("prev_tid").get<std::uint32_t>();
    wait.comm = json.at("comm").get<std::string>();
    wait.cause = json.at("cause").get<std::string>();
    wait.stamped = json.at("stamped").get<bool>();
    wait.complete = json.value("complete", true);
    for (const auto& part : json.at("why")) {
        wait.why.push_back(part_from(part));
    }
    if (json.contains("waker")) {
        wait.has_waker = true;
        wait.waker_tid = json.at("waker").at("tid").get<std::uint32_t>();
    }
    return wait;
}

Stuck stuck_from(const Json& json, std::uint64_t came_ns) {
    Stuck stuck;
    stuck.came_ns = came_ns;
    stuck.ts_ns = json.at("ts_ns").get<std::uint64_t>();
    stuck.waiting_ns = json.at("waiting_ns").get<std::uint64_t>();
    stuck.cpu = json.at("cpu").get<std::uint32_t>();
    stuck.tid = json.at("tid").get<std::uint32_t>();
    stuck.running_tid = json.at("running_tid").get<std::uint32_t>();
    stuck.cause = json.at("cause").get<std::string>();
    return stuck;
}

// What must hold for every wait, whatever the test.
void check_wait(const Wait& wait, std::uint64_t uptime_ns, const std::string& line) {
    std::uint64_t sum = 0;
    for (const auto& part : wait.why) {
        EXPECT_GT(part.ns, 0U) << "an empty part: " << line;
        sum += part.ns;
    }
    EXPECT_EQ(sum, wait.wait_ns) << "parts do not sum to the wait: " << line;
    EXPECT_NE(wait.tid, 0U) << "the idle task waits: " << line;
    EXPECT_LT(wait.wait_ns, uptime_ns) << "longer than the machine is up: " << line;
    EXPECT_LT(wait.ts_ns, uptime_ns) << "from the future: " << line;
}

/// For whoever looks into a failure: RQS_KEEP=FOLDER keeps what each run said.
void keep(const std::vector<Line>& lines) {
    const char* folder = std::getenv("RQS_KEEP");
    if (folder == nullptr) {
        return;
    }
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "." + test->name();
    std::replace(name.begin(), name.end(), '/', '-');
    std::ofstream file(std::string(folder) + "/" + name + "." + std::to_string(now_ns()) +
                       ".jsonl");
    for (const auto& line : lines) {
        file << line.text << "\n";
    }
}

class Checker {
  public:
    Output read(Tracer& tracer, int exit_code);

  private:
    void read_line(const Line& line);
    void check_summary(const std::string& arguments) const;

    Output output_;
    std::uint64_t uptime_ns_ = 0;
    std::uint64_t last_ts_ns_ = 0;
    std::uint64_t disorder_ = 0;
    int summaries_ = 0;
    std::string last_type_;
};

void Checker::read_line(const Line& line) {
    Json json;
    try {
        json = Json::parse(line.text);  // refuses invalid UTF-8
        last_type_ = json.at("type").get<std::string>();
        if (last_type_ == "wait") {
            output_.waits.push_back(wait_from(json));
            const Wait& wait = output_.waits.back();
            check_wait(wait, uptime_ns_, line.text);
            disorder_ += wait.ts_ns < last_ts_ns_ ? 1 : 0;
            last_ts_ns_ = wait.ts_ns;
        } else if (last_type_ == "stuck") {
            output_.stuck.push_back(stuck_from(json, line.came_ns));
        } else if (last_type_ == "summary") {
            ++summaries_;
            output_.seen = json.at("seen").get<std::uint64_t>();
            output_.kept = json.at("kept").get<std::uint64_t>();
            output_.lost = json.at("lost").get<std::uint64_t>();
            output_.left_out = json.value("left_out", std::uint64_t{0});
            output_.unverified = json.at("unverified").get<std::uint64_t>();
            output_.late = json.at("late").get<std::uint64_t>();
            output_.duration_ns = json.at("duration_ns").get<std::uint64_t>();
        }
    } catch (const Json::exception& error) {
        ADD_FAILURE() << error.what() << " in: " << line.text;
    }
}

void Checker::check_summary(const std::string& arguments) const {
    EXPECT_EQ(summaries_, 1) << arguments;
    EXPECT_EQ(last_type_, "summary") << arguments;
    EXPECT_EQ(output_.kept, output_.waits.size()) << arguments;
    EXPECT_GE(output_.seen, output_.kept + output_.lost + output_.left_out) << arguments;
    // With -n, what comes after the last one wanted is seen and not kept.
    if (arguments.rfind("0 ", 0) == 0 && arguments.find(" -n ") == std::string::npos) {
        EXPECT_EQ(output_.seen, output_.kept + output_.lost + output_.left_out) << arguments;
    }
    EXPECT_LE(disorder_, output_.late) << "not in the order of time: " << arguments;
}

Output Checker::read(Tracer& tracer, int exit_code) {
    uptime_ns_ = now_ns();
    output_.exit_code = exit_code;
    const std::vector<Line> lines = tracer.lines();
    keep(lines);
    for (const auto& line : lines) {
        read_line(line);
    }
    std::string arguments;
    for (const auto& word : tracer.arguments()) {
        arguments += word + " ";
    }
    check_summary(arguments + "\nstderr: " + tracer.stderr_text());
    return output_;
}

}  // namespace

Tracer::Tracer(Words arguments, Run run) : arguments_(std::move(arguments)), run_(run) {
    make_pipe(wake_reader_, wake_);
    std::vector<std::string> words{binary()};
    if (run_ == Run::favoured) {
        words.emplace_back("--self");  // who reads the output here is who makes the situations
    }
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    harness::Setting setting;
    if (run_ == Run::favoured) {
        setting.place = [] {
            pin(quiet_cpu());
            (void)::setpriority(PRIO_PROCESS, 0, -10);
        };
    }
    harness::Spawned spawned = harness::spawn(words, setting);
    process_ = std::move(spawned.process);
    out_ = std::move(spawned.out);
    error_ = std::move(spawned.err);
    reader_ = std::thread([this] { read_output(); });
    attached_ = wait_until_attached();
}

Tracer::~Tracer() {
    process_.stop();
    hang_up();
}

bool Tracer::has_link() const {
    const std::string folder = "/proc/" + std::to_string(process_.pid()) + "/fdinfo";
    DIR* files = ::opendir(folder.c_str());
    if (files == nullptr) {
        return false;
    }
    bool found = false;
    for (const dirent* file = ::readdir(files); file != nullptr && !found;
         file = ::readdir(files)) {
        const std::string text = read_file(folder + "/" + static_cast<const char*>(file->d_name));
        const std::size_t at = text.find("prog_id:");
        found = text.find("link_type:") != std::string::npos && at != std::string::npos &&
                program_name(static_cast<std::uint32_t>(std::strtoul(
                    text.c_str() + at + std::strlen("prog_id:"), nullptr, 10))) == last_program;
    }
    ::closedir(files);
    return found;
}

bool Tracer::wait_until_attached() {
    bool attached = false;
    wait_for([&] {
        attached = has_link();
        return attached || process_.ended();
    });
    return attached;
}

// A reader that is late would fill the pipe, and the tracer would wait for it. Under an overload
// that is a fault of the test, so the reader comes first there.
void Tracer::prepare_reader() const {
    if (run_ == Run::favoured) {
        pin(quiet_cpu());
    } else {
        (void)set_policy(SCHED_RR, ::sched_get_priority_min(SCHED_RR));
        (void)::fcntl(out_.get(), F_SETPIPE_SZ, 1 << 20);
    }
}

void Tracer::read_output() {
    prepare_reader();
    std::vector<char> chunk(1U << 18);
    std::array<pollfd, 3> files{
        {{out_.get(), POLLIN, 0}, {error_.get(), POLLIN, 0}, {wake_reader_.get(), POLLIN, 0}}};
    while (files[0].fd >= 0 || files[1].fd >= 0) {
        if (::poll(files.data(), files.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        if (files[2].revents != 0) {
            return;
        }
        for (std::size_t i = 0; i < 2; ++i) {
            if (files.at(i).fd < 0 || files.at(i).revents == 0) {
                continue;
            }
            const ssize_t length = ::read(files.at(i).fd, chunk.data(), chunk.size());
            if (length <= 0) {
                files.at(i).fd = -1;
                continue;
            }
            const std::string_view got(chunk.data(), static_cast<std::size_t>(length));
            i == 0 ? take_output(got) : take_errors(got);
        }
    }
}

namespace {

/// Calls `take` with each complete line of `partial` and `text`; the rest stays in `partial`.
template <typename Take>
void split_lines(std::string& partial, std::string_view text, Take take) {
    partial += text;
    std::size_t start = 0;
    for (std::size_t end = partial.find('\n'); end != std::string::npos;
         end = partial.find('\n', start)) {
        take(std::string_view(partial).substr(start, end - start));
        start = end + 1;
    }
    partial.erase(0, start);
}

/// Of a wait, as JSON or as a row of text: `TIME COMM TID LAT(us)`.
bool is_wait_line(std::string_view line) {
    return line.substr(0, 14) == "{\"type\":\"wait\"" ||
           (line.size() > 8 && line[2] == ':' && line[5] == ':' && line[8] == ' ');
}

}  // namespace

void Tracer::take_output(std::string_view text) {
    const std::uint64_t came_ns = now_ns();
    const std::lock_guard lock(mutex_);
    split_lines(partial_, text, [&](std::string_view line) {
        if (run_ == Run::plain_counted && is_wait_line(line)) {
            ++counted_waits_;
        } else {
            lines_.push_back({std::string(line), came_ns});
        }
    });
}

void Tracer::take_errors(std::string_view text) {
    const std::uint64_t came_ns = now_ns();
    const std::lock_guard lock(mutex_);
    stderr_ += text;
    split_lines(partial_error_, text, [&](std::string_view line) {
        stderr_lines_.push_back({std::string(line), came_ns});
    });
}

std::vector<Line> Tracer::stderr_lines() {
    const std::lock_guard lock(mutex_);
    return stderr_lines_;
}

std::uint64_t Tracer::counted_waits() {
    const std::lock_guard lock(mutex_);
    return counted_waits_;
}

std::vector<Line> Tracer::lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
}

std::size_t Tracer::line_count() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
}

std::string Tracer::stderr_text() {
    const std::lock_guard lock(mutex_);
    return stderr_;
}

void Tracer::hang_up() {
    wake_.reset();
    if (reader_.joinable()) {
        reader_.join();
    }
    out_.reset();
}

int Tracer::join() {
    if (process_.pid() > 0) {
        exit_code_ = process_.join(std::chrono::nanoseconds(patience_ns()));
        if (exit_code_ < 0) {
            ADD_FAILURE() << "runqslower did not end";
            process_.stop();
        }
    }
    // Ends with the ends of stdout and stderr.
    if (reader_.joinable()) {
        reader_.join();
    }
    return exit_code_;
}

int Tracer::stop() {
    send(SIGINT);
    return join();
}

std::uint64_t Wait::part_ns(const std::string& kind) const {
    std::uint64_t sum = 0;
    for (const auto& part : why) {
        sum += part.kind == kind ? part.ns : 0;
    }
    return sum;
}

std::vector<Wait> Output::of_tid(pid_t tid) const {
    std::vector<Wait> found;
    for (const auto& wait : waits) {
        if (wait.tid == static_cast<std::uint32_t>(tid)) {
            found.push_back(wait);
        }
    }
    return found;
}

std::set<std::uint32_t> Output::tids() const {
    std::set<std::uint32_t> ids;
    for (const auto& wait : waits) {
        ids.insert(wait.tid);
    }
    return ids;
}

std::set<std::uint32_t> Output::pids() const {
    std::set<std::uint32_t> ids;
    for (const auto& wait : waits) {
        ids.insert(wait.pid);
    }
    return ids;
}

Output check(Tracer& tracer) {
    const int code = tracer.join();
    return Checker().read(tracer, code);
}

Output stop_and_check(Tracer& tracer) {
    tracer.send(SIGINT);
    Output output = check(tracer);
    EXPECT_EQ(output.exit_code, 0) << tracer.stderr_text();
    return output;
}

Output trace_until(const Tracer::Words& options, std::set<std::uint32_t> expected_tids) {
    Tracer::Words words{"0", "-f", "json"};
    words.insert(words.end(), options.begin(), options.end());
    Tracer tracer(words);
    EXPECT_TRUE(tracer.attached()) << tracer.stderr_text();
    const auto all_seen = [&] {
        for (const auto& line : tracer.lines()) {
            constexpr std::string_view field = "\"tid\":";
            const std::size_t at = line.text.find(field);
            if (at != std::string::npos) {
                expected_tids.erase(static_cast<std::uint32_t>(
                    std::strtoul(line.text.c_str() + at + field.size(), nullptr, 10)));
            }
        }
        sleep_ns(10_ms);
        return expected_tids.empty();
    };
    EXPECT_TRUE(wait_for(all_seen, 10'000'000'000));
    sleep_ns(in_vm() ? 300_ms : 100_ms);
    return stop_and_check(tracer);
}

}  // namespace rqs::ktest

// SPDX-License-Identifier: BSD-2-Clause
#include "tracer.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
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

void make_pipe(int& reader, int& writer) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("cannot make a pipe");
    }
    reader = ends[0];
    writer = ends[1];
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
    EXPECT_GE(output_.seen, output_.kept + output_.lost) << arguments;
    // With -n, what comes after the last one wanted is seen and not kept.
    if (arguments.rfind("0 ", 0) == 0 && arguments.find(" -n ") == std::string::npos) {
        EXPECT_EQ(output_.seen, output_.kept + output_.lost) << arguments;
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

Tracer::Tracer(Words arguments) : arguments_(std::move(arguments)) {
    int out_writer = -1;
    int error_writer = -1;
    make_pipe(out_, out_writer);
    make_pipe(error_, error_writer);
    make_pipe(wake_reader_, wake_);
    std::vector<std::string> words{binary()};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)::signal(SIGPIPE, SIG_DFL);
        (void)::dup2(out_writer, STDOUT_FILENO);
        (void)::dup2(error_writer, STDERR_FILENO);
        pin(quiet_cpu());
        (void)::setpriority(PRIO_PROCESS, 0, -10);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ::close(out_writer);
    ::close(error_writer);
    reader_ = std::thread([this] { read_output(); });
    attached_ = wait_until_attached();
}

Tracer::~Tracer() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::kill(pid_, SIGCONT);
        ::waitpid(pid_, nullptr, 0);
    }
    hang_up();
    ::close(error_);
    ::close(wake_reader_);
}

bool Tracer::has_link() const {
    const std::string folder = "/proc/" + std::to_string(pid_) + "/fdinfo";
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
        siginfo_t info{};
        return attached ||
               (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                info.si_pid == pid_);
    });
    return attached;
}

void Tracer::read_output() {
    pin(quiet_cpu());
    std::vector<char> chunk(1U << 18);
    std::array<pollfd, 3> files{
        {{out_, POLLIN, 0}, {error_, POLLIN, 0}, {wake_reader_, POLLIN, 0}}};
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
            const std::uint64_t came_ns = now_ns();
            const std::lock_guard lock(mutex_);
            if (i == 1) {
                stderr_ += got;
                continue;
            }
            partial_ += got;
            std::size_t start = 0;
            for (std::size_t end = partial_.find('\n'); end != std::string::npos;
                 end = partial_.find('\n', start)) {
                lines_.push_back({partial_.substr(start, end - start), came_ns});
                start = end + 1;
            }
            partial_.erase(0, start);
        }
    }
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

void Tracer::send(int signal) const {
    if (pid_ > 0) {
        ::kill(pid_, signal);
    }
}

void Tracer::hang_up() {
    if (reader_.joinable()) {
        ::close(std::exchange(wake_, -1));
        reader_.join();
    }
    if (wake_ >= 0) {
        ::close(std::exchange(wake_, -1));
    }
    if (out_ >= 0) {
        ::close(std::exchange(out_, -1));
    }
}

int Tracer::join() {
    if (pid_ > 0) {
        exit_code_ = reap(pid_, patience_ns());
        if (exit_code_ < 0) {
            ADD_FAILURE() << "runqslower did not end";
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        pid_ = -1;
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

}  // namespace rqs::ktest

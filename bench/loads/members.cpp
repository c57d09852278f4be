// SPDX-License-Identifier: BSD-2-Clause
#include "bench/loads/members.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "bench/loads/many_threads.h"

namespace rqs::loads {
namespace {

constexpr std::size_t message_bytes = 100;

/// A descriptor that belongs to one scope. Children inherit it, which is what they are for.
class Held {
  public:
    explicit Held(int fd = -1) : fd_(fd) {}
    Held(Held&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Held& operator=(Held&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

struct Ends {
    Held first;
    Held second;
};

/// `make`: pipe() or a socketpair().
template <typename Make>
Status open_ends(Ends& ends, Make make) {
    std::array<int, 2> raw{-1, -1};
    if (make(raw.data()) != 0) {
        return fail(std::string("cannot connect two tasks of a load: ") + std::strerror(errno));
    }
    ends = {Held{raw[0]}, Held{raw[1]}};
    return {};
}

int make_socket_pair(int* raw) {
    return ::socketpair(AF_UNIX, SOCK_STREAM, 0, raw);
}

void receive(int fd, Counter& counter) {
    std::array<char, message_bytes> message{};
    while (::read(fd, message.data(), message.size()) > 0) {
        counter.ops.fetch_add(1, std::memory_order_relaxed);
    }
}

void send(const std::vector<Held>& receivers) {
    const std::array<char, message_bytes> message{};
    for (;;) {
        for (const Held& receiver : receivers) {
            if (::write(receiver.get(), message.data(), message.size()) <= 0) {
                return;
            }
        }
    }
}

Status connect(const Messaging& messaging, Ends& pair) {
    Status ok = open_ends(pair, make_socket_pair);
    // Small buffers make senders and receivers block more often.
    if (const int bytes = messaging.buffer_bytes; ok && bytes > 0) {
        ::setsockopt(pair.second.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
    return ok;
}

/// Each end is open only where it is used, and here until the group is complete.
Status add_group(Crowd& crowd, const Messaging& messaging) {
    std::vector<Held> write_ends;
    Status ok;
    for (std::size_t i = 0; i < messaging.per_side && ok; ++i) {
        Ends pair;
        if (ok = connect(messaging, pair); !ok) {
            return ok;
        }
        const int read_end = pair.first.get();
        ok = crowd.start([read_end](Counter& counter) { receive(read_end, counter); });
        write_ends.push_back(std::move(pair.second));
    }
    for (std::size_t i = 0; i < messaging.per_side && ok; ++i) {
        ok = crowd.start([&write_ends](Counter&) { send(write_ends); });
    }
    return ok;
}

/// A group as one process; runs in it until it is killed.
void run_group(const Messaging& messaging, Counter& counter) {
    std::vector<Held> read_ends;
    std::vector<Held> write_ends;
    for (std::size_t i = 0; i < messaging.per_side; ++i) {
        Ends pair;
        if (!connect(messaging, pair)) {
            ::_exit(1);
        }
        read_ends.push_back(std::move(pair.first));
        write_ends.push_back(std::move(pair.second));
    }
    ManyThreads threads;
    for (const Held& end : read_ends) {
        const bool ok = threads.start([fd = end.get(), &counter] { receive(fd, counter); }) &&
                        threads.start([&write_ends] { send(write_ends); });
        if (!ok) {
            // Fewer threads than asked for would be another load.
            ::_exit(1);
        }
    }
}

void exchange(int read_end, int write_end, Counter& counter) {
    char byte = 0;
    for (std::uint64_t trips = 1;; ++trips) {
        if (::write(write_end, &byte, 1) != 1 || ::read(read_end, &byte, 1) != 1) {
            return;
        }
        counter.set(trips);
    }
}

void answer(int read_end, int write_end) {
    char byte = 0;
    while (::read(read_end, &byte, 1) == 1 && ::write(write_end, &byte, 1) == 1) {
    }
}

Status add_pair(Crowd& crowd) {
    Ends to;
    Ends from;
    if (Status ok = open_ends(to, ::pipe); !ok) {
        return ok;
    }
    if (Status ok = open_ends(from, ::pipe); !ok) {
        return ok;
    }
    Status ok = crowd.start(
        [&](Counter& counter) { exchange(from.first.get(), to.second.get(), counter); });
    return ok ? crowd.start([&](Counter&) { answer(to.first.get(), from.second.get()); }) : ok;
}

/// Work of a few microseconds that the compiler must not remove.
void work(std::uint32_t rounds) {
    for (volatile std::uint32_t round = 0; round < rounds;) {
        round = round + 1;
    }
}

void compute(Counter& counter) {
    for (;;) {
        work(1'000'000);
        counter.ops.fetch_add(1, std::memory_order_relaxed);
    }
}

constexpr std::uint32_t work_of_request = 10'000;

/// Serves whoever of its clients has asked.
void serve(std::vector<pollfd> clients) {
    char byte = 0;
    while (::poll(clients.data(), clients.size(), -1) > 0) {
        for (const pollfd& client : clients) {
            if (client.revents != 0 && ::read(client.fd, &byte, 1) == 1) {
                work(work_of_request);
                (void)!::write(client.fd, &byte, 1);
            }
        }
    }
}

void ask(int server, std::atomic<std::uint64_t>& replies) {
    char byte = 0;
    for (;;) {
        work(work_of_request);
        if (::write(server, &byte, 1) != 1 || ::read(server, &byte, 1) != 1) {
            return;
        }
        replies.fetch_add(1, std::memory_order_relaxed);
    }
}

/// Runs in a process of its own, whose end closes the sockets and ends the threads.
void serve_and_ask(std::size_t servers, std::size_t clients_each, Counter& counter) {
    std::vector<std::thread> threads;
    for (std::size_t server = 0; server < servers; ++server) {
        std::vector<pollfd> served;
        for (std::size_t client = 0; client < clients_each; ++client) {
            std::array<int, 2> ends{};
            if (make_socket_pair(ends.data()) != 0) {
                return;
            }
            served.push_back({ends[0], POLLIN, 0});
            threads.emplace_back([fd = ends[1], &counter] { ask(fd, counter.ops); });
        }
        threads.emplace_back([served] { serve(served); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

}  // namespace

Status add_messaging(Crowd& crowd, const Messaging& messaging) {
    Status ok;
    for (std::size_t group = 0; group < messaging.groups && ok; ++group) {
        ok = messaging.threads
                 ? crowd.start([&](Counter& counter) { run_group(messaging, counter); })
                 : add_group(crowd, messaging);
    }
    return ok;
}

Status add_pairs(Crowd& crowd, std::size_t pairs) {
    Status ok;
    for (std::size_t pair = 0; pair < pairs && ok; ++pair) {
        ok = add_pair(crowd);
    }
    return ok;
}

Status add_hogs(Crowd& crowd, std::size_t hogs) {
    Status ok;
    for (std::size_t hog = 0; hog < hogs && ok; ++hog) {
        ok = crowd.start(compute);
    }
    return ok;
}

Status add_hog_threads(Crowd& crowd, std::size_t threads) {
    return crowd.start([threads](Counter& counter) {
        ManyThreads hogs;
        for (std::size_t hog = 1; hog < threads; ++hog) {
            if (const Status ok = hogs.start([&counter] { compute(counter); }); !ok) {
                ::_exit(1);
            }
        }
        compute(counter);
    });
}

Status add_requests(Crowd& crowd, std::size_t servers, std::size_t clients_each) {
    return crowd.start([servers, clients_each](Counter& counter) {
        serve_and_ask(servers, clients_each, counter);
    });
}

}  // namespace rqs::loads

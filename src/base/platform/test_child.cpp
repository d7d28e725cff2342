#include "base/platform/test_child.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <iterator>
#include <map>
#include <thread>

#include "base/error.hpp"
#include "base/platform/child.hpp"
#include "base/platform/framed_child.hpp"
#include "base/platform/test_faults.hpp"
#ifdef _WIN32
#include <windows.h>
#endif

namespace ovenbird {
namespace {

using Words = std::vector<std::string>;

void sleep_ms(int ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

// LOCK: holds it, prints "held", and hangs.
[[noreturn]] int hold(const Words& words) {
    const FileLock lock = FileLock::try_lock(words.at(0));
    std::cout << (lock.held() ? "held" : "not held") << std::endl;
    for (;;)
        sleep_ms(1000);
}

// LOCK: starts one that holds it, and is killed a moment later.
int orphan(const Words& words) {
    std::thread([&] {
        while (!is_locked(words.at(0)))
            sleep_ms(5);
        end_process_at_once(process_id());
    }).detach();
    run_child(test_child({"hold", words.at(0)}));
    return 1;
}

// OUT ERRORS: so many bytes.
int flood(const Words& words) {
    std::cout << std::string(std::stoull(words.at(0)), 'x');
    std::cerr << std::string(std::stoull(words.at(1)), 'y');
    return 7;
}

int flood_without_end(const Words&) {
    const std::string block(1 << 20, 'x');
    while (std::cout << block) {
    }
    return 1;
}

int echo_lines(const Words&) {
    for (std::string line; std::getline(std::cin, line);)
        std::cout << '<' << line << '>' << std::endl;
    return 7;
}

int echo_frames(const Words&) {
    FrameParent parent;
    std::cout << "to standard error" << std::endl;
    while (auto message = parent.receive()) {
        if (*message == "end") return 3;
        if (*message == "crash") crash();
        if (*message == "hang") sleep_ms(600'000);
        if (!parent.send(std::string(message->rbegin(), message->rend()))) return 4;
    }
    return 0;
}

// COUNT BYTES: sends so many messages while it receives as many, then one that says how many were whole.
int exchange(const Words& words) {
    const int count = std::stoi(words.at(0));
    const std::string message(std::stoull(words.at(1)), 'c');
    FrameParent parent;
    std::jthread sender([&] {
        for (int i = 0; i < count; ++i)
            parent.send(message);
    });
    int whole = 0;
    for (int i = 0; i < count; ++i)
        whole += parent.receive() == std::string(message.size(), 'p') ? 1 : 0;
    sender.join();
    parent.send(std::to_string(whole));
    parent.receive();
    return 0;
}

#ifdef _WIN32
// As a user at the console would, to this process alone; nothing where there is no console.
int break_key(const Words& words) {
    install_interrupt_handler();
    ::AllocConsole();
    for (int i = 0; i < std::stoi(words.at(0)); ++i) {
        if (::GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, ::GetCurrentProcessId()) == 0) return 77;
        for (int waited = 0; waited < 1000 && !interrupted(); ++waited)
            sleep_ms(5);
        if (!interrupted()) return 1;
    }
    sleep_ms(words.at(0) == "1" ? 0 : 5000);
    return 5;
}
#endif

// READY: makes the file, and ends once it is asked to.
int until_asked(const Words& words) {
    install_interrupt_handler();
    write_file(words.at(0), std::to_string(process_id()));
    while (!interrupted())
        sleep_ms(5);
    return exit_status(ErrorCode::interrupted);
}

int until_terminated(const Words& words) {
    ignore_interrupts();
    end_on_termination();
    write_file(words.at(0), std::to_string(process_id()));
    sleep_ms(600'000);
    return 0;
}

int print_words(const Words& words) {
    prepare_console();
    for (const auto& word : words)
        std::cout << word << '|';
    return 0;
}

int count_input(const Words&) {
    const std::string all(std::istreambuf_iterator<char>(std::cin), {});
    std::cout << all.size();
    return 0;
}

// MEGABYTES: uses so much.
int use_memory(const Words& words) {
    std::vector<char> block(std::stoull(words.at(0)) << 20, 1);
    sleep_ms(100);
    return block.back() - 1;
}

int play(const Words& words) {
    const std::map<std::string, int (*)(const Words&)> roles{
        {"hold", hold},
        {"orphan", orphan},
        {"flood", flood},
        {"flood_without_end", flood_without_end},
        {"echo_lines", echo_lines},
        {"echo_frames", echo_frames},
        {"exchange", exchange},
        {"until_asked", until_asked},
        {"until_terminated", until_terminated},
        {"print_words", print_words},
        {"count_input", count_input},
        {"use_memory", use_memory},
#ifdef _WIN32
        {"break_key", break_key},
#endif
        {"crash", [](const Words&) -> int { crash(); }},
    };
    return roles.at(words.at(2))({words.begin() + 3, words.end()});
}

}  // namespace
}  // namespace ovenbird

int main(int argc, char** argv) {
    if (argc > 2 && std::string_view(argv[1]) == "--child") {
        try {
            return ovenbird::play(ovenbird::program_arguments(argc, argv));
        } catch (const std::exception& error) {
            std::cerr << error.what() << '\n';
            return 1;
        }
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

#pragma once
// For the APIs' tests: requests with wrong fields, frames of a stream taken apart.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "serve/api/call.hpp"

namespace ovenbird {

/// The ApiError that `read` ends with; fails where it ends otherwise.
inline ApiError refused(const std::function<void()>& read) {
    try {
        read();
    } catch (const ApiError& error) {
        EXPECT_EQ(error.status, 400);
        EXPECT_FALSE(std::string(error.what()).empty());
        return error;
    }
    ADD_FAILURE() << "nothing was refused";
    return {0, "", ""};
}

inline void all_places(const Json& json, const Json::json_pointer& here,
                       std::vector<Json::json_pointer>& places) {
    if (!here.empty()) places.push_back(here);
    if (json.is_object()) {
        for (const auto& [name, value] : json.items())
            all_places(value, here / name, places);
    } else if (json.is_array()) {
        for (size_t i = 0; i < json.size(); ++i)
            all_places(json[i], here / i, places);
    }
}

/// Puts values of every kind in the place of every field of a request, however deep: what comes of it is a
/// call, or ApiError 400.
inline void replace_every_field(const Json& request, const std::function<void(const Json&)>& read) {
    ASSERT_NO_THROW(read(request));
    const std::vector<Json> others{nullptr,
                                   true,
                                   false,
                                   0,
                                   1,
                                   -1,
                                   1.5,
                                   1e300,
                                   uint64_t{1} << 63,
                                   INT64_MIN,
                                   "",
                                   "x",
                                   "\xc3\xa9",
                                   Json::array(),
                                   Json::object(),
                                   Json::array({nullptr}),
                                   Json::array({1}),
                                   Json::array({"x"}),
                                   Json::array({Json::object()}),
                                   Json::array({Json::array()}),
                                   {{"type", "x"}},
                                   {{"type", 1}},
                                   {{"a", Json::array()}},
                                   {{"type", "function"}}};
    std::vector<Json::json_pointer> places;
    all_places(request, Json::json_pointer(), places);
    for (const auto& place : places) {
        for (const auto& other : others) {
            Json changed = request;
            changed[place] = other;
            try {
                read(changed);
            } catch (const ApiError& error) {
                EXPECT_EQ(error.status, 400) << place.to_string() << " = " << other.dump();
                EXPECT_FALSE(std::string(error.what()).empty());
            } catch (const std::exception& error) {
                ADD_FAILURE() << place.to_string() << " = " << other.dump() << ": " << error.what();
            }
        }
    }
}

struct SseFrame {
    std::string event{};
    Json data{};
};

/// Each frame has one line of data, JSON in valid UTF-8 ("[DONE]" comes as a string). Comments are passed
/// over.
inline std::vector<SseFrame> sse_frames(const std::string& bytes) {
    std::vector<SseFrame> frames;
    size_t at = 0;
    while (at < bytes.size()) {
        const size_t end = bytes.find("\n\n", at);
        if (end == std::string::npos) {
            ADD_FAILURE() << "a frame without an end: " << bytes.substr(at);
            break;
        }
        std::string text = bytes.substr(at, end - at);
        at = end + 2;
        if (text.starts_with(":")) continue;
        SseFrame frame;
        if (text.starts_with("event: ")) {
            const size_t line = text.find('\n');
            frame.event = text.substr(7, line - 7);
            text = text.substr(line + 1);
        }
        EXPECT_TRUE(text.starts_with("data: ")) << text;
        EXPECT_EQ(text.find('\n'), std::string::npos);
        text = text.substr(6);
        EXPECT_NO_THROW(frame.data = text == "[DONE]" ? Json(text) : Json::parse(text)) << text;
        frames.push_back(std::move(frame));
    }
    return frames;
}

inline AnswerFacts some_facts() {
    return {"house/model", "abcdefghijklmnopqrstuvwx", 1'750'000'000, "ovenbird-1"};
}

inline Finish some_finish(End end, const std::string& stop_string = "") {
    return {end, stop_string, {20, 5, 7, 3}, {1, 10, 110, 60}, 42};
}

/// Thoughts, text, and two calls, the first in pieces; a letter cut in two stands alone in a delta.
inline std::vector<Delta> some_deltas() {
    return {{"", "hm", {}, {}},
            {"", " so", {}, {}},
            {"\n", "", {}, {}},
            {"Let me l\xc3\xb6", "", {}, {}},
            {"\xff ok", "", {}, {}},
            {"", "", {{0, "call_1", "weather", ""}}, {}},
            {"", "", {{0, "", "", "{\"city\":"}}, {}},
            {"", "", {{0, "", "", "\"Rome\"}"}, {1, "call_2", "time", "{}"}}, {}}};
}

inline WholeAnswer whole_of(const std::vector<Delta>& deltas, const Finish& finish) {
    WholeAnswer answer;
    for (const auto& delta : deltas)
        answer.add(delta);
    answer.finish = finish;
    return answer;
}

inline std::string written(StreamWriter& writer, const std::vector<Delta>& deltas, const Finish& finish) {
    std::string bytes = writer.begin(finish.usage.prompt_tokens, finish.usage.cached_tokens);
    for (const auto& delta : deltas)
        bytes += writer.delta(0, delta);
    bytes += writer.finish(0, finish);
    return bytes + writer.end(finish.usage);
}

}  // namespace ovenbird

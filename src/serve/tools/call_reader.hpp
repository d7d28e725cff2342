#pragma once
// What the readers of all formats share: text that passes, text that is held, and the calls that go out.

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "serve/tools/functions.hpp"
#include "serve/tools/tool_calls.hpp"

namespace ovenbird {

/// Where the parts of a call go.
class CallSink {
public:
    virtual ~CallSink() = default;
    virtual const Functions& functions() const = 0;
    /// A call of a known function is certain. An empty id: one is made.
    virtual void begin_call(const std::string& name, const std::string& id) = 0;
    virtual void add_arguments(std::string_view text) = 0;
    virtual void end_call() = 0;
};

/// Text goes through it byte by byte, so what comes out in sum cannot depend on how it was cut. A format says
/// what opens a call and takes the bytes from there on.
class CallReader : public ToolCallReader, public CallSink {
public:
    /// What opens a call, and how calls are numbered.
    struct Opening {
        std::vector<std::string> marks{};  // none begins another
        bool bare = false;                 // so does a "{" that nothing but blanks precede
        size_t id_letters = 24;
        std::string id_prefix = "call_";
    };
    Piece push(std::string_view text) final;
    Piece finish() final;

protected:
    enum class Step {
        more,   // the byte belongs to the call or to what is around it
        end,    // so it does, and it was the last; what is held is no text
        text,   // the byte does not belong to it, and what is held is text
        again,  // the same behind a call: what is held may yet open another
    };
    static constexpr size_t kBare = SIZE_MAX;

    CallReader(const Json& tools, Opening opening);
    /// `mark` of the marks was read, or kBare.
    virtual void opened(size_t mark) = 0;
    virtual Step take(char byte) = 0;
    /// The text ended inside: whether what is held is text.
    virtual bool holds_text() const = 0;

    const Functions& functions() const override { return functions_; }
    void begin_call(const std::string& name, const std::string& id) override;
    void add_arguments(std::string_view text) override;
    void end_call() override;
    /// What is held was part of a call that went out.
    void forget_held() { held_.clear(); }

private:
    void feed(char byte);
    void feed_inside(char byte);
    void feed_text(char byte);
    void open(size_t mark);
    void pass(char byte);
    void release();

    Functions functions_;
    Opening opening_;
    std::string first_bytes_;  // of the marks
    Piece piece_;
    std::string begun_;   // text that may become a mark
    std::string blanks_;  // behind a call: dropped if another follows, or nothing
    std::string held_;    // from a mark on, while it is not certain that it is a call
    bool at_start_ = true;
    bool inside_ = false;
    bool calling_ = false;
    bool behind_call_ = false;
    int64_t calls_ = 0;
    std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace ovenbird

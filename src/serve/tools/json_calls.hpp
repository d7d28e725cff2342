#pragma once
// Calls that are JSON objects behind a mark, alone or in an array: the reader of several formats.

#include "serve/tools/call_object.hpp"
#include "serve/tools/marks.hpp"

namespace ovenbird {

class JsonCalls : public CallReader {
public:
    /// A mark that ends with "[" opens an array. `closers` may follow the calls; objects may be joined by
    /// `between`, or by nothing.
    JsonCalls(const Json& tools, const Opening& opening, std::vector<std::string> closers,
              char between = '\0');

protected:
    void opened(size_t mark) override;
    Step take(char byte) override;
    bool holds_text() const override;

private:
    enum class Where { before, object, behind, closing };
    void start_object();
    Step take_before(char byte);
    Step take_object(char byte);
    Step take_behind(char byte);
    Step take_closing(char byte);

    std::vector<bool> opens_array_;
    MarkMatcher closers_;
    char between_;
    bool array_ = false;
    bool bare_ = false;
    Where where_ = Where::before;
    CallObject object_{*this, false};
};

}  // namespace ovenbird

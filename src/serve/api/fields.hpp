#pragma once
// Reading a request's fields: what is absent or null has its default, what is wrong is refused by its name.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "serve/api/call.hpp"

namespace ovenbird {

/// The fields of one JSON object of a request.
class Fields {
public:
    /// `where` is put before the names in errors ("messages[0]."). Errors: ApiError 400 for what is no
    /// object.
    explicit Fields(const Json& object, std::string where = "");

    const Json& json() const { return *object_; }
    std::string path(std::string_view name) const;
    bool has(std::string_view name) const;  // present and not null
    /// Null where it is absent.
    const Json& at(std::string_view name) const;

    std::optional<bool> boolean(std::string_view name) const;
    std::optional<std::string> text(std::string_view name) const;
    std::optional<double> number(std::string_view name, double low, double high) const;
    std::optional<int64_t> integer(std::string_view name, int64_t low, int64_t high) const;
    /// An array; null where it is absent.
    const Json& array(std::string_view name) const;

    std::string needed_text(std::string_view name) const;

    /// Refuses each of these that is there and is neither null, false, 0, nor empty: it would change the
    /// answer, and cannot be honoured.
    void refuse_given(std::initializer_list<std::string_view> names) const;
    /// The same where it is not `usual`.
    void refuse_unless(std::string_view name, const Json& usual) const;

private:
    const Json* object_;
    std::string where_;
};

/// The request's body as a JSON object. Errors: ApiError 400.
Json parse_body(std::string_view body);

/// A message's content as one text: a string, null, or parts of type text ("text", "input_text",
/// "output_text"). Errors: ApiError 400 for other parts (images, sound), by their type.
std::string content_text(const Json& content, const std::string& where);

/// "stop" as a string or a list of at most `most`.
std::vector<std::string> stop_strings(const Fields& fields, std::string_view name, size_t most);

/// Checks an array of functions as OpenAI's chat API has them; null where there is none or it is empty.
Json checked_tools(const Fields& fields);

/// Arguments of an earlier call as templates want them: an object, where the text is one.
Json arguments_for_template(const Json& arguments);

/// Errors: ApiError 400, where it asks for a call that there is no function for.
void check_tool_choice(const ToolChoice& choice, const Json& tools);

/// Keeps those of `tools` that the list `tools` of `allowed` names; null where that is none. Each of its
/// functions has its name beside its type, or within "function".
void keep_allowed_tools(const Fields& allowed, Json& tools);

}  // namespace ovenbird

#include "text/chat_template.hpp"

#include <gtest/gtest.h>

#include "text/test_tokenizers.hpp"

namespace ovenbird {
namespace {

using testing_text::contains;
using testing_text::write;

const std::vector<ChatMessage> kTalk = {
    {"system", "Be brief."}, {"user", " Hi \n"}, {"assistant", "Hello."}, {"user", "2 < 3?"}};
const std::vector<ChatMessage> kNoSystem = {{"user", "Hi"}, {"assistant", "Hello."}, {"user", "Why?"}};

std::string render(const std::string& source, const std::vector<ChatMessage>& messages, bool prompt = true) {
    return ChatTemplate(source, "<s>", "</s>").render(messages, prompt);
}

std::string refusal(const std::string& source, const std::vector<ChatMessage>& messages) {
    return error_of(ErrorCode::invalid_input, [&] { render(source, messages); });
}

// In the manner of ChatML models.
const char* const kChatMl = R"({% for message in messages %}
    {% if loop.first and message['role'] != 'system' %}
        {{- '<|im_start|>system\nYou help.<|im_end|>\n' -}}
    {% endif %}
    {{- '<|im_start|>' + message['role'] + '\n' + message['content'] | trim + '<|im_end|>' + '\n' -}}
{% endfor %}
{% if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' -}}
{% endif %}
)";

TEST(ChatTemplate, RendersChatMl) {
    EXPECT_EQ(render(kChatMl, kTalk),
              "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
              "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\n2 < "
              "3?<|im_end|>\n<|im_start|>assistant\n");
    EXPECT_EQ(render(kChatMl, {{"user", "x"}}, false),
              "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\nx<|im_end|>\n");
}

// In the manner of Mistral's instruction models.
const char* const kInst = R"({%- if messages[0].role == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set ns = namespace(index=0) %}
{%- for message in loop_messages %}
    {%- if not (message.get('tool_calls') is not none) %}
        {%- if (message.role == 'user') != (ns.index % 2 == 0) %}
            {{- raise_exception("Conversation roles must alternate user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message['role'] == 'user' %}
        {%- if tools is not none and loop.last %}{{- '[TOOLS]' + (tools | tojson) }}{%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- '[INST] ' + system_message + '\n\n' + message['content'].strip() + ' [/INST]' }}
        {%- else %}
            {{- '[INST] ' + message['content'].strip() + ' [/INST]' }}
        {%- endif %}
    {%- else %}
        {{- ' ' + message['content'] + eos_token }}
    {%- endif %}
{%- endfor %}
)";

TEST(ChatTemplate, RendersInst) {
    EXPECT_EQ(render(kInst, kNoSystem), "<s>[INST] Hi [/INST] Hello.</s>[INST] Why? [/INST]");
    EXPECT_EQ(render(kInst, kTalk), "<s>[INST] Hi [/INST] Hello.</s>[INST] Be brief.\n\n2 < 3? [/INST]");
}

TEST(ChatTemplate, GivesTheTemplatesOwnRefusal) {
    EXPECT_TRUE(contains(refusal(kInst, {{"assistant", "I begin"}}),
                         "Conversation roles must alternate user/assistant/..."));
}

// In the manner of Llama 3's.
const char* const kHeaders = R"({{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
)";

TEST(ChatTemplate, RendersHeadersWithTodaysDate) {
    const std::string text = render(kHeaders, {{"system", "Be brief. "}, {"user", "Hi"}});
    const std::string before = "<s><|start_header_id|>system<|end_header_id|>\n\nToday Date: ";
    const std::string after =
        "\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n";
    ASSERT_TRUE(text.starts_with(before)) << text;
    ASSERT_TRUE(text.ends_with(after)) << text;
    const std::string date = text.substr(before.size(), text.size() - before.size() - after.size());
    ASSERT_EQ(date.size(), std::string("26 Jul 2024").size()) << date;
    EXPECT_EQ(date.substr(6, 2), " 2") << date;
    EXPECT_LE(std::stoi(date.substr(0, 2)), 31) << date;
}

// In the manner of Neural Chat's and Zephyr's.
const char* const kHashes = R"({% for message in messages %}
{% if message.role == 'system' %}
### System:
{{ message.content }}
{% elif message.role == 'user' %}
### User:
{{ message.content.strip() }}
{% else %}
### Assistant:
{{ message.content }}{{ eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
### Assistant:
{% endif %}
{% endfor %}
)";

TEST(ChatTemplate, RendersHashes) {
    EXPECT_EQ(render(kHashes, kTalk),
              "### System:\nBe brief.\n### User:\nHi\n### Assistant:\nHello.</s>\n### User:\n2 < 3?\n### "
              "Assistant:\n");
}

// In the manner of Qwen 3's, which looks at messages backwards and cuts the thoughts out of old answers.
const char* const kThinking =
    R"({%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- set reasoning = '' %}
    {%- if message.reasoning_content is string %}
        {%- set reasoning = message.reasoning_content %}
    {%- elif '</think>' in content %}
        {%- set reasoning = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\n') %}
    {%- endif %}
    {%- if loop.index0 > ns.last_query_index and reasoning %}
        {{- '<think>' + reasoning.strip('\n') + '</think>' }}
    {%- endif %}
    {{- message.role + ':' + content + '\n' }}
    {%- if loop.index0 == 7 %}{% break %}{% endif %}
{%- endfor %}
{%- if enable_thinking is defined and enable_thinking is false %}
    {{- 'quick' }}
{%- endif %}
)";

TEST(ChatTemplate, RendersThoughts) {
    const std::string thought = "<think>\nhm\n</think>\n\nHello.";
    EXPECT_EQ(render(kThinking, {{"user", "Hi"}, {"assistant", thought}, {"user", "Why?"}}),
              "user:Hi\nassistant:Hello.\nuser:Why?\n");
    EXPECT_EQ(render(kThinking, {{"user", "Hi"}, {"assistant", thought}}),
              "user:Hi\n<think>hm</think>assistant:Hello.\n");
}

TEST(ChatTemplate, IsLenientWithWhatIsNotThere) {
    EXPECT_EQ(render("{{ nothing }}{% if tools %}t{% endif %}{% for d in documents or [] %}d{% endfor %}"
                     "{{ tools is none }}{{ messages[0].name }}",
                     kNoSystem),
              "True");
}

// In the manner of Qwen3-Coder's and Nemotron 3's, which ask so whether there are tools.
TEST(ChatTemplate, SaysThatThereAreNoToolsAsTemplatesAsk) {
    EXPECT_EQ(render("{% if tools is iterable and tools | length > 0 %}tools{% else %}none{% endif %}"
                     "{% if messages[0].content is sequence %} text{% endif %}",
                     kNoSystem),
              "none text");
}

TEST(ChatTemplate, EscapesNothing) {
    EXPECT_EQ(render("{{ messages[0].content }}{{ messages | tojson }}", {{"user", "<é'&\"\n>"}}),
              "<é'&\"\n>[{\"role\": \"user\", \"content\": \"<é'&\\\"\\n>\"}]");
}

TEST(ChatTemplate, TakesLongConversations) {
    const std::string words(600'000, 'w');
    EXPECT_EQ(render(kHashes, {{"user", words}}), "### User:\n" + words + "\n### Assistant:\n");
    std::vector<ChatMessage> many;
    for (int i = 0; i < 1001; ++i)
        many.push_back({i % 2 ? "assistant" : "user", "word"});
    EXPECT_TRUE(contains(render(kInst, many), "[INST] word [/INST]"));
}

TEST(ChatTemplate, RefusesBrokenAndHostileTemplates) {
    EXPECT_TRUE(contains(refusal("{% if %}", kTalk), "syntax error"));
    EXPECT_TRUE(contains(refusal("{{ messages | no_such }}", kTalk), "no_such"));
    EXPECT_TRUE(contains(refusal("{% include '/etc/passwd' %}", kTalk), "passwd"));
    refusal("\xff", kTalk);
    refusal(std::string(5 << 20, ' '), kTalk);
    refusal("{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}", kTalk);
    refusal("{% set n = namespace(x='x') %}{% for i in range(64) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            kTalk);
    refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", kTalk);
}

TEST(ChatTemplate, RefusesMessagesThatAreNotUtf8) {
    EXPECT_TRUE(contains(refusal(kHashes, {{"user", "\xc3"}}), "UTF-8"));
}

TEST(ChatTemplateLoad, FindsTheTemplateInItsUsualPlaces) {
    const TestFolder folder;
    const auto load = [&] { return ChatTemplate::load(folder.path()); };
    EXPECT_FALSE(load().has_value());
    write(folder / "chat_template.json", R"({"chat_template": "third {{ bos_token }}"})");
    EXPECT_EQ(load()->render({}), "third ");
    write(folder / "tokenizer_config.json",
          R"({"bos_token": {"content": "<b>"}, "chat_template": [{"name": "tool_use", "template": "no"},
                     {"name": "default", "template": "second {{ bos_token }}"}]})");
    EXPECT_EQ(load()->render({}), "second <b>");
    write(folder / "tokenizer_config.json", R"({"eos_token": "<e>", "chat_template": "{{ eos_token }}"})");
    EXPECT_EQ(load()->render({}), "<e>");
    write(folder / "chat_template.jinja", "first");
    EXPECT_EQ(load()->render({}), "first");
}

TEST(ChatTemplateLoad, OfSeveralTheNamedOneTheDefaultOrTheOnly) {
    const TestFolder folder;
    const auto load = [&](const char* name) { return ChatTemplate::load(folder.path(), name)->render({}); };
    const auto config = folder / "tokenizer_config.json";
    write(config,
          R"({"chat_template": [{"name": "rag", "template": "r"}, {"name": "tool_use", "template": "t"}]})");
    EXPECT_EQ(load("rag"), "r");
    const auto text = error_of(ErrorCode::not_found, [&] { load(""); });
    EXPECT_TRUE(contains(text, "--chat-template: rag, tool_use"));
    EXPECT_TRUE(
        contains(error_of(ErrorCode::not_found, [&] { load("x"); }), "no chat template 'x'; there are: rag"));
    write(config, R"({"chat_template": [{"name": "rag", "template": "r"}]})");
    EXPECT_EQ(load(""), "r");
    write(config, R"({"chat_template": {"default": "d", "rag": "r"}})");
    EXPECT_EQ(load(""), "d");
    EXPECT_EQ(load("rag"), "r");
    write(folder / "chat_template.jinja", "j");
    std::filesystem::create_directories(folder / "additional_chat_templates");
    write(folder / "additional_chat_templates/rag.jinja", "more");
    EXPECT_EQ(load(""), "j");
    EXPECT_EQ(load("rag"), "more");
    error_of(ErrorCode::not_found, [&] { load("tool_use"); });
}

TEST(ChatTemplate, TakesArgumentsAsJsonOrText) {
    const ChatTemplate chat(
        "{% if thinks is defined and not thinks %}no{% else %}yes{% endif %}{{ n + 1 }}{{ word }}", "", "");
    EXPECT_EQ(chat.render({}, true, {{"thinks", "false"}, {"n", "2"}, {"word", "a b"}}), "no3a b");
    EXPECT_EQ(chat.render({}, true, {{"n", "1.5"}, {"word", "[1]"}}), "yes2.5[1]");
    for (const char* own :
         {"messages", "add_generation_prompt", "bos_token", "eos_token", "tools", "documents"})
        error_of(ErrorCode::usage, [&] { chat.render({}, true, {{own, "x"}}); });
}

TEST(ChatTemplate, TellsArgumentsThatAreNotUtf8FromMessages) {
    const ChatTemplate chat("{{ x }}", "", "");
    for (const auto& [name, value] : TemplateArguments{{"x", "\xff"}, {"\xff", "1"}}) {
        const auto told = error_of(ErrorCode::usage, [&, n = name, v = value] {
            chat.render({}, true, {{n, v}});
        });
        EXPECT_TRUE(contains(told, "--template-arg")) << told;
    }
}

TEST(ChatTemplate, SeesWhatWasThought) {
    const ChatTemplate chat("{% for m in messages %}{{ m.content }}({{ m.reasoning_content }}){% endfor %}",
                            "", "");
    EXPECT_EQ(chat.render({{"user", "a"}, {"assistant", "b", "hm"}}), "a()b(hm)");
}

TEST(ChatTemplateLoad, NamesAFileOfTheWrongShape) {
    const TestFolder folder;
    for (const char* text : {"[]", R"({"chat_template": 5})", R"({"chat_template": ["x"]})",
                             R"({"chat_template": [{"name": "default"}]})", "{"}) {
        write(folder / "tokenizer_config.json", text);
        const std::string message =
            error_of(ErrorCode::invalid_input, [&] { ChatTemplate::load(folder.path()); });
        EXPECT_TRUE(contains(message, "tokenizer_config.json")) << text;
    }
}

}  // namespace
}  // namespace ovenbird

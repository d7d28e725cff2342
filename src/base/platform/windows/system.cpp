#include "base/platform/windows/system.hpp"

#include <algorithm>

namespace ovenbird {

std::wstring wide(std::string_view text) {
    if (text.empty()) return {};
    const int size = static_cast<int>(text.size());
    std::wstring result(static_cast<size_t>(::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0)),
                        L'\0');
    ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, result.data(), static_cast<int>(result.size()));
    return result;
}

std::string narrow(std::wstring_view text) {
    if (text.empty()) return {};
    const int size = static_cast<int>(text.size());
    std::string result(static_cast<size_t>(::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0,
                                                                 nullptr, nullptr)),
                       '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, result.data(), static_cast<int>(result.size()),
                          nullptr, nullptr);
    return result;
}

std::wstring long_path(const std::filesystem::path& path) {
    const std::wstring& name = path.native();
    if (name.starts_with(L"\\\\?\\")) return name;
    const DWORD size = ::GetFullPathNameW(name.c_str(), 0, nullptr, nullptr);
    std::wstring full(size, L'\0');
    full.resize(::GetFullPathNameW(name.c_str(), size, full.data(), nullptr));
    if (full.empty()) return name;                  // a call with it says why
    if (full.starts_with(L"\\\\.\\")) return full;  // a device
    if (full.starts_with(L"\\\\")) return L"\\\\?\\UNC" + full.substr(1);
    return L"\\\\?\\" + full;
}

bool is_there(const std::filesystem::path& path) {
    return ::GetFileAttributesW(long_path(path).c_str()) != INVALID_FILE_ATTRIBUTES;
}

bool is_folder(const std::filesystem::path& path) {
    const DWORD attributes = ::GetFileAttributesW(long_path(path).c_str());
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

std::string system_message(DWORD number) {
    wchar_t* text = nullptr;
    const DWORD size = ::FormatMessageW(
        FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
        number, 0, reinterpret_cast<wchar_t*>(&text), 0, nullptr);
    std::string message = narrow({text, size});
    ::LocalFree(text);
    std::replace_if(
        message.begin(), message.end(), [](char letter) { return letter == '\r' || letter == '\n'; }, ' ');
    while (!message.empty() && (message.back() == ' ' || message.back() == '.'))
        message.pop_back();
    return message.empty() ? fmt::format("Windows error {}", number) : message;
}

void fail_system(const std::filesystem::path& path, const char* doing, DWORD number) {
    switch (number) {
        case ERROR_DISK_FULL:
        case ERROR_HANDLE_DISK_FULL:
            fail(ErrorCode::no_space, "{}: cannot {}: the disk is full; free some space and try again",
                 path.string(), doing);
        case ERROR_FILE_NOT_FOUND:
        case ERROR_PATH_NOT_FOUND:
        case ERROR_INVALID_DRIVE:
        case ERROR_BAD_NETPATH:
        case ERROR_BAD_NET_NAME:
            fail(ErrorCode::not_found, "{}: cannot {}: no such file or folder", path.string(), doing);
        case ERROR_SHARING_VIOLATION:
        case ERROR_USER_MAPPED_FILE:
            fail(ErrorCode::io, "{}: cannot {}: another program has it open; close that one and try again",
                 path.string(), doing);
        default:
            fail(ErrorCode::io, "{}: cannot {}: {}", path.string(), doing, system_message(number));
    }
}

Handle open_file(const std::filesystem::path& path, DWORD access, DWORD disposition, const char* doing,
                 DWORD flags) {
    const std::wstring name = long_path(path);
    Handle file;
    const auto attempt = [&] {
        file = Handle(::CreateFileW(name.c_str(), access, kShareAll, nullptr, disposition, flags, nullptr));
        return file.valid() || ::GetLastError() == ERROR_ACCESS_DENIED;
    };
    if (!with_patience(attempt) || !file.valid()) fail_system(path, doing);
    return file;
}

}  // namespace ovenbird

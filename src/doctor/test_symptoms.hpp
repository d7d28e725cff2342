#pragma once
// For tests: what an examination says of one topic.

#include <gtest/gtest.h>

#include <string>

#include "doctor/examine.hpp"

namespace ovenbird {

// The worst that is said of a topic; a failure where nothing is.
inline Symptom symptom_of(const Examination& examination, const std::string& topic) {
    Symptom worst;
    for (const auto& symptom : examination.symptoms) {
        if (symptom.topic == topic && (worst.topic.empty() || symptom.health > worst.health)) worst = symptom;
    }
    EXPECT_EQ(worst.topic, topic);
    return worst;
}

inline bool says(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace ovenbird

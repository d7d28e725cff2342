#include "check/calibration.hpp"

namespace ovenbird {

const std::vector<std::string>& calibration_texts() {
    static const std::vector<std::string> texts{
        "The ferry left an hour late, and by the time it had cleared the harbour wall the wind had turned to "
        "the "
        "north. Most of the passengers went below. An old man in a green coat stayed at the rail with a "
        "parcel "
        "under his arm, and when the steward asked whether he would not rather sit inside, he said that he "
        "had "
        "crossed this water two hundred times and had never yet seen the lighthouse from the kitchen of the "
        "ship. "
        "Nobody knew what he meant by it. Later, when the lamps were lit and the soup was being handed "
        "round, the "
        "girl from the ticket office remembered that the parcel had been addressed to the island's only "
        "school.",
        "Question: A baker sells 48 loaves on Monday, a quarter more on Tuesday, and on Wednesday half of "
        "what she "
        "sold on both days together. How many loaves did she sell in the three days? Answer: On Tuesday she "
        "sold "
        "48 + 12 = 60 loaves. On Wednesday she sold (48 + 60) / 2 = 54 loaves. Altogether that is 48 + 60 + "
        "54 = "
        "162 loaves. Question: List three things to check before a long drive, and say why. Answer: 1. The "
        "tyres, "
        "because a low pressure wears them and lengthens the way to a stop. 2. The lights, because others "
        "must see "
        "you at dusk. 3. The oil, because an engine without it is soon no engine at all.",
        "def moving_average(values, width):\n    \"\"\"The mean of each run of `width` neighbours.\"\"\"\n   "
        " if width < 1 or "
        "width > len(values):\n        raise ValueError(f\"width {width} does not fit {len(values)} "
        "values\")\n    total "
        "= sum(values[:width])\n    means = [total / width]\n    for left, right in zip(values, "
        "values[width:]):\n"
        "        total += right - left\n        means.append(total / width)\n    return means\n\n\nfor "
        "(size_t i = 0; i < "
        "rows; ++i) {\n    const float scale = 1.0F / limits[i];\n    for (size_t j = 0; j < columns; ++j)\n "
        "       "
        "table[i * columns + j] *= scale;\n}\n",
        "Der Zug nach Norden fährt heute von Gleis sieben. Le marché ouvre à six heures, et les premiers "
        "clients "
        "arrivent avant le soleil. El río baja crecido desde hace tres días. "
        "今日は雨が降っていますが、午後には晴れるで"
        "しょう。这本书是我祖父留给我的。Сегодня утром мы ходили в лес за грибами. 😀 ½ × 3 = 1,5 € — „so“."};
    return texts;
}

}  // namespace ovenbird

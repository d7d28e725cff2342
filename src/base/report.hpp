#pragma once
// The public Reporter, where the rooms look for it.

#include "ovenbird/report.hpp"

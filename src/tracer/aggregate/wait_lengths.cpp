// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/wait_lengths.h"

namespace rqs {

WaitLengths::Span WaitLengths::used() const {
    Span span{0, size};
    while (span.end > 0 && counts_.at(span.end - 1) == 0) {
        --span.end;
    }
    while (span.first < span.end && counts_.at(span.first) == 0) {
        ++span.first;
    }
    return span;
}

}  // namespace rqs

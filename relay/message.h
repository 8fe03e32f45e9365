// The messages that a relay writes itself, and the parts it adds to others' at the
// border between the eras.  Every argument named raw is JSON text as it stood.
#pragma once
#include <string>
#include <string_view>

#include "mcp/envelope.h"
#include "relay/request.h"

namespace mcpctl::relay {

std::string result_message(std::string_view raw_id, std::string_view raw_result);
std::string request_message(std::string_view raw_id, std::string_view raw_method,
                            std::string_view raw_params);
/// notifications/cancelled.
std::string cancelled_message(std::string_view raw_request_id, std::string_view raw_reason);
/// What a modern client hears of a question: the end of its request, until it asks again.
std::string input_required_message(std::string_view raw_id, std::string_view raw_input_requests,
                                   std::string_view token);

/// A plain text as a raw JSON string.
std::string json_string(std::string_view plain);

/// The members of _meta that every modern request has, for a client that had none.
std::string modern_meta(const Asker& asker, std::string_view revision);

/// `raw_meta` (any value, or empty) without what is of the modern era only, with
/// `members` in front and the progress token, if it has one, replaced.
std::string rewritten_meta(std::string_view raw_meta, std::string_view members,
                           std::string_view progress_token);

/// A notification as part of a subscription: `raw_id` in its _meta, in place of
/// another that may stand there; an empty one takes it out.
std::string in_subscription(std::string_view text, const mcp::Envelope& envelope,
                            std::string_view raw_id);

}  // namespace mcpctl::relay

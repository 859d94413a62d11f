-- Dismisses a notification or brings it back. $1 id, $2 dismissed.
UPDATE user_notification SET dismissed = $2::boolean WHERE id = $1::uuid

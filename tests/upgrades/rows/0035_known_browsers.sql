INSERT INTO activities (organisation_id, number, kind, conversation_id, channel_id, member_id, member_name, details, at) VALUES
('018f0000-0000-7000-8000-000000000001', '1', 'arrived', '018f0000-0000-7000-8000-000000000041', NULL, NULL, '', '{}', '2026-03-03 09:15:30.123456+00'),
('018f0000-0000-7000-8000-000000000001', '2', 'assigned', '018f0000-0000-7000-8000-000000000041', NULL, '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', '{"to": "Ada"}', '2026-03-04 09:15:30.123456+00'),
('018f0000-0000-7000-8000-000000000001', '3', 'channel_failing', NULL, '018f0000-0000-7000-8000-000000000022', NULL, '', '{}', '2026-03-08 09:15:30.123456+00');

INSERT INTO activity_counters (organisation_id, last_number) VALUES
('018f0000-0000-7000-8000-000000000001', '3'),
('018f0000-0000-7000-8000-000000000002', '0');

INSERT INTO attachments (message_id, name, content_type, body, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000051', 'ward.png', 'image/png', E'\\x89504e470d0a1a0a00ff', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000055');

INSERT INTO audit_chains (organisation_id, last_number, last_hash, anchor_number, anchor_hash) VALUES
('00000000-0000-0000-0000-000000000000', '1', E'\\x22a7b59b9d92af0d5023b3defd629d3d8828cc6ca2c2b162eeab5707772ff1bc', '0', E'\\x0000000000000000000000000000000000000000000000000000000000000000'),
('018f0000-0000-7000-8000-000000000001', '2', E'\\xfb272e54de004891f0f7d0b12a6f04468741ea72f6b951a1a22e32415ab660a2', '0', E'\\x0000000000000000000000000000000000000000000000000000000000000000'),
('018f0000-0000-7000-8000-000000000002', '1', E'\\x26591130b770bb1fde6c30a47cfbf6723503b84d56bda142c81655b5933f8949', '0', E'\\x0000000000000000000000000000000000000000000000000000000000000000');

INSERT INTO audit_entries (organisation_id, number, at, actor, member_id, name, action, object_kind, object_id, network, request_id, details, previous_hash, hash) VALUES
('00000000-0000-0000-0000-000000000000', '1', '2026-11-29 10:42:17.764202+00', 'operator', NULL, 'ada@host.example', 'work_retried', 'work', 'all', '', '', '{}', E'\\x0000000000000000000000000000000000000000000000000000000000000000', E'\\x22a7b59b9d92af0d5023b3defd629d3d8828cc6ca2c2b162eeab5707772ff1bc'),
('018f0000-0000-7000-8000-000000000001', '1', '2026-11-29 10:42:17.76278+00', 'member', '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', 'signed_in', 'member', '018f0000-0000-7000-8000-000000000011', '203.0.113.0/24', 'request-1', '{"b": 1, "aa": "é"}', E'\\x0000000000000000000000000000000000000000000000000000000000000000', E'\\xb895e3bfb0a4c60e89b5bf1ef55bdaf653a37ab311a6b4a44d64fd46f3c06b8d'),
('018f0000-0000-7000-8000-000000000001', '2', '2026-11-29 10:42:17.763818+00', 'member', '018f0000-0000-7000-8000-000000000012', 'Ben Møller', 'signed_in', 'member', '018f0000-0000-7000-8000-000000000012', '203.0.113.0/24', 'request-1', '{"b": 1, "aa": "é"}', E'\\xb895e3bfb0a4c60e89b5bf1ef55bdaf653a37ab311a6b4a44d64fd46f3c06b8d', E'\\xfb272e54de004891f0f7d0b12a6f04468741ea72f6b951a1a22e32415ab660a2'),
('018f0000-0000-7000-8000-000000000002', '1', '2026-11-29 10:42:17.764002+00', 'member', '018f0000-0000-7000-8000-000000000013', 'Cai Llwyd', 'signed_in', 'member', '018f0000-0000-7000-8000-000000000013', '203.0.113.0/24', 'request-1', '{"b": 1, "aa": "é"}', E'\\x0000000000000000000000000000000000000000000000000000000000000000', E'\\x26591130b770bb1fde6c30a47cfbf6723503b84d56bda142c81655b5933f8949');

INSERT INTO authors (channel_id, remote_id, screen_name, url, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000021', NULL, 'Anonymous', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000031'),
('018f0000-0000-7000-8000-000000000022', '4711', 'Zoë 🫐', 'https://x.example/zoe', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000032');

INSERT INTO channels (kind, remote_id, label, url, found_at, amount, config, sealed_secrets, secrets_expire_at, token_claimed_until, account, state, trouble, poll_cursor, backfill_cursor, backfill_state, backfill_next_at, backfill_claimed_until, backfill_finished_at, items_loaded, items_total, items_quarantined, failures_in_a_row, last_success_at, next_poll_at, claimed_until, recheck_at, rechecked_at, created_at, organisation_id, id, erase_at, reread_at, next_delivery_at, last_delivery_at, revoke_at, delivery_claimed_until, recheck_claimed_until, reread_claimed_until, reread_cursor, watched_from, stale_at, read_from, read_to, catch_up_at, backfill_began_at, suppresses) VALUES
('nhsuk', 'T1001', 'Juniper Surgery on NHS.UK', 'https://www.nhs.example/T1001', 'the register', '3 reviews', '{"ods_codes": ["T1001"]}', NULL, NULL, NULL, NULL, 'active', '', '{"since": "2026-03-01"}', NULL, 'done', '2026-03-01 09:15:30.123456+00', NULL, '2026-03-01 09:15:30.123456+00', '3', '3', '1', '0', '2026-03-08 09:15:30.123456+00', NULL, NULL, '2026-03-10 09:15:30.123456+00', '2026-03-08 09:15:30.123456+00', '2026-03-01 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000021', NULL, '2026-03-11 09:15:30.123456+00', '2026-03-08 09:15:30.123456+00', '2026-03-07 09:15:30.123456+00', NULL, NULL, NULL, NULL, NULL, '2026-11-29 08:08:28.566005+00', NULL, NULL, NULL, NULL, NULL, 'false'),
('x', '77', '@juniper', 'https://x.example/juniper', 'the website', '', '{"handle": "juniper", "user_id": "77"}', E'\\x67414141414142706e704d414d4a7a7a514e375f43554a6a6663775342673243774641364c69755353587548584c30766e32644f715475624c4d435166756663646251736d55334a774936714f523362514b536e5a627659564a6d4e3633474776695079444c6338335a426459714251787555326453343d', '2026-03-20 09:15:30.123456+00', NULL, '@juniper', 'failing', 'Sign in again.', '1790', 'b2', 'running', '2026-03-01 09:15:30.123456+00', '2026-03-02 09:15:30.123456+00', NULL, '1', NULL, '0', '2', NULL, '2026-03-08 09:15:30.123456+00', '2026-03-08 09:15:30.123456+00', '2026-03-09 09:15:30.123456+00', NULL, '2026-03-01 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000022', NULL, NULL, '2026-03-08 09:15:30.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-29 08:08:28.566005+00', NULL, NULL, NULL, NULL, NULL, 'false'),
('x', '88', '@old_juniper', 'https://x.example/juniper', '', '', '{}', NULL, NULL, NULL, NULL, 'unlinked', '', NULL, NULL, 'done', '2026-03-01 09:15:30.123456+00', NULL, NULL, '0', NULL, '0', '0', NULL, '2026-03-08 09:15:30.123456+00', NULL, '2026-03-09 09:15:30.123456+00', NULL, '2026-03-01 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000023', '2026-03-12 09:15:30.123456+00', NULL, '2026-03-08 09:15:30.123456+00', NULL, '2026-03-09 09:15:30.123456+00', NULL, NULL, NULL, NULL, '2026-11-29 08:08:28.566005+00', NULL, NULL, NULL, NULL, NULL, 'false');

INSERT INTO commissioned (provider_id, commissioner_id, is_so, said_at) VALUES
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000002', 'false', '2026-11-29 11:30:00+00');

INSERT INTO conversations (channel_id, channel_kind, remote_thread_id, screen_name, title, first_words, url, rating, rating_out_of, service_code, service_name, author_role, experienced, syndication_key, status, closed_reason, snoozed_until, assignee_id, historic, withdrawn, replied, version, started_at, last_activity_at, arrived_at, organisation_id, id, copy_of, copy_parted, also_on, aside_rule_id, expired_at, restricted, erased_at) VALUES
('018f0000-0000-7000-8000-000000000021', 'nhsuk', 'r1', 'Anonymous', 'Kind at the desk', 'They were kind.', 'https://www.nhs.example/r1', '4', '5', 'T1001', 'Juniper Surgery', 'patient', '2026-02', 's-1', 'closed', 'answered', NULL, '018f0000-0000-7000-8000-000000000011', 'false', 'false', 'true', '2', '2026-03-03 09:15:30.123456+00', '2026-03-04 09:15:30.123456+00', '2026-03-03 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000041', NULL, 'false', '{careopinion}', NULL, NULL, 'false', NULL),
('018f0000-0000-7000-8000-000000000021', 'nhsuk', 'r2', 'Anonymous', '', 'Waited two hours', NULL, '1', '5', NULL, NULL, NULL, NULL, NULL, 'open', NULL, NULL, NULL, 'true', 'false', 'false', '1', '2026-03-05 09:15:30.123456+00', '2026-03-05 09:15:30.123456+00', '2026-03-05 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000042', NULL, 'true', '{}', NULL, NULL, 'false', NULL),
('018f0000-0000-7000-8000-000000000021', 'nhsuk', 'r9', 'Anonymous', 'Kind at the desk', 'They were kind.', NULL, '4', '5', NULL, NULL, NULL, '2026-02', 's-1', 'copy', NULL, NULL, NULL, 'false', 'false', 'false', '1', '2026-03-03 09:15:30.123456+00', '2026-03-03 09:15:30.123456+00', '2026-03-03 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000045', '018f0000-0000-7000-8000-000000000041', 'false', '{}', NULL, '2026-03-09 09:15:30.123456+00', 'false', NULL),
('018f0000-0000-7000-8000-000000000022', 'x', '1789', 'Zoë 🫐', '', E'Back\\slash and a tab', NULL, NULL, NULL, NULL, NULL, NULL, 'last week', NULL, 'snoozed', NULL, '2026-03-28 09:15:30.123456+00', NULL, 'false', 'false', 'false', '1', '2026-03-06 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000043', NULL, 'false', '{}', NULL, NULL, 'false', NULL),
('018f0000-0000-7000-8000-000000000022', 'x', '1791', 'Zoë 🫐', '', 'Juniper gin tonight', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'aside', NULL, NULL, NULL, 'false', 'false', 'false', '1', '2026-03-08 09:15:30.123456+00', '2026-03-08 09:15:30.123456+00', '2026-03-08 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000044', NULL, 'false', '{}', '018f0000-0000-7000-8000-000000000026', NULL, 'false', NULL);

INSERT INTO copy_prints (organisation_id, conversation_id, first, second, third, fourth, channel_id, started_at) VALUES
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000041', '17', '17', '17', '17', '018f0000-0000-7000-8000-000000000021', '2026-03-03 09:15:30.123456+00'),
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000042', '4294967200', '4294967200', '4294967200', '4294967200', '018f0000-0000-7000-8000-000000000021', '2026-03-05 09:15:30.123456+00'),
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000045', '17', '17', '17', '17', '018f0000-0000-7000-8000-000000000021', '2026-03-03 09:15:30.123456+00');

INSERT INTO data_request_steps (request_id, step, member_id, member_name, words, at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000201', 'data_copied', '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', 'Identity checked (2 messages)', '2026-03-04 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000203');

INSERT INTO data_requests (reference, kind, about, words, contact, written_by, received_at, due_on, acknowledge_by, acknowledged_at, outcome, answer, closed_at, closed_by, forgotten_at, organisation_id, id, extended_at, extended_because) VALUES
('R-2222-BBBB', 'complain', 'https://site.example/1', 'They shared it.', 'wren@people.example', '', '2026-03-03 09:15:30.123456+00', '2026-04-03', '2026-04-02', NULL, '', '', NULL, '', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000201', NULL, ''),
('R-3333-CCCC', 'erase', '', '', '', 'Ada Rowan', '2024-01-31 12:00:00+00', '2024-02-29', NULL, NULL, 'refused', '', '2024-02-03 12:00:00+00', 'Ada Rowan', '2026-02-04 03:17:00+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000202', NULL, '');

INSERT INTO deliveries (channel_id, key, body, received_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000022', 'd1', '{"post": "They were kind."}', '2026-03-08 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000025');

INSERT INTO disclosures (conversation_id, channel_id, message_id, member_id, member_name, what, found_at, removal, trouble, attempts, next_at, removed_at, removed_by, outcome, ico_reference, reason, closed_at, closed_by, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000041', '018f0000-0000-7000-8000-000000000022', '018f0000-0000-7000-8000-000000000052', '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', '["name", "health"]', '2026-03-05 09:15:30.123456+00', 'done', '', '1', NULL, '2026-03-05 09:16:30.123456+00', 'Ada Rowan', 'reported', 'IC-123', 'Sent in haste.', '2026-03-06 09:15:30.123456+00', 'Ada Rowan', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000204');

INSERT INTO drafts (conversation_id, member_id, text, version, saved_at, organisation_id, id, way) VALUES
('018f0000-0000-7000-8000-000000000042', '018f0000-0000-7000-8000-000000000011', 'We are sorry that', '1', '2026-03-06 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000071', 'public');

INSERT INTO email_codes (id, purpose, email, subject, ip, code_hash, name, tries, made_at, expires_at, used_at, browser) VALUES
('018f0000-0000-7000-8000-000000000096', 'sign_in', 'ada@juniper.example', '', '192.0.2.1', 'h', 'Ada Rowan', '0', '2026-03-08 09:15:30.123456+00', '2026-03-08 10:15:30.123456+00', NULL, '');

INSERT INTO fft_counts (organisation_id, month, service, level, code, name, import_id, suppressed, very_good, good, neither, poor, very_poor, dont_know) VALUES
('018f0000-0000-7000-8000-000000000001', '2026-02', 'gp', 'practice', 'T1001', 'Juniper Surgery', '018f0000-0000-7000-8000-000000000027', 'false', '12', '3', '0', '1', '0', '2'),
('018f0000-0000-7000-8000-000000000001', '2026-02', 'gp', 'practice', 'T1002', 'Elder Surgery', '018f0000-0000-7000-8000-000000000027', 'true', NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO heartbeats (process, beat_at, role, queues, version, started_at, ended_at, reads_kind, reads_organisation_id, reads_until) VALUES
('scheduler', '2026-03-08 09:15:30.123456+00', '', '{}', '', '2026-11-29 08:08:26.07697+00', NULL, NULL, NULL, NULL);

INSERT INTO imports (channel_id, member_id, member_name, file_name, size_bytes, sha256, content, state, answers, look, outcome, reason, attempts, next_at, made_at, finished_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000021', '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', 'june.csv', '9', 'cd', E'\\x646174652c74657874', 'asking', '{}', '{}', '{}', '', '0', '2026-03-08 09:15:30.123456+00', '2026-03-08 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000028'),
('018f0000-0000-7000-8000-000000000021', '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', 'may.csv', '9', 'ab', NULL, 'done', '{"date": "0"}', '{}', '{"new": 2}', '', '1', '2026-03-07 09:15:30.123456+00', '2026-03-07 09:15:30.123456+00', '2026-03-07 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000027');

INSERT INTO linked_identities (member_id, issuer, subject, linked_at, used_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000011', 'https://issuer.example/a', 'ada-1', '2026-03-10 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000932');

INSERT INTO mail_causes (organisation_id, about, conversation_id) VALUES
('018f0000-0000-7000-8000-000000000001', 'abc', '018f0000-0000-7000-8000-000000000042');

INSERT INTO member_sessions (member_id, session_key, browser, made_at, used_at, proven_at, remembered_until, ended_at, held, held_at, organisation_id, id, step_elsewhere) VALUES
('018f0000-0000-7000-8000-000000000011', '018f0000-0000-7000-8000-000000000901', 'Firefox on Windows', '2026-03-10 09:15:30.123456+00', '2026-03-10 10:15:30.123456+00', '2026-03-10 09:15:30.123456+00', '2026-03-10 21:15:30.123456+00', NULL, E'\\x61', '2026-03-10 10:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000924', 'false');

INSERT INTO members (email, name, role, level, wants_alerts, session_key, approval_asked_at, check_asked_at, left_at, created_at, organisation_id, id, role_since, limited_to) VALUES
('ada@juniper.example', 'Ada Rowan', 'administrator', '2', 'true', '018f0000-0000-7000-8000-000000000901', NULL, NULL, NULL, '2026-03-01 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000011', '2026-11-29 11:27:39.467795+00', NULL),
('ben@juniper.example', 'Ben Møller', 'approver', '2', 'false', '018f0000-0000-7000-8000-000000000902', NULL, NULL, '2026-03-09 09:15:30.123456+00', '2026-03-01 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000012', '2026-11-29 11:27:39.467795+00', '{"sites": ["T1001A"], "channels": ["018f0000-0000-7000-8000-000000000021"], "services": ["T1001A outpatients", "Ward 3"], "unplaced": true}'),
('cai@hazel.example', 'Cai Llwyd', 'viewer', '1', 'true', '018f0000-0000-7000-8000-000000000903', NULL, '2026-03-03 09:15:30.123456+00', NULL, '2026-03-02 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000002', '018f0000-0000-7000-8000-000000000013', '2026-11-29 11:27:39.467795+00', NULL);

INSERT INTO messages (conversation_id, channel_id, remote_id, direction, author_id, member_id, screen_name, title, text, in_reply_to, ratings, attachments, url, source, may_not_reply, historic, posted_at, received_at, edited_at, withdrawn_at, recheck_at, organisation_id, id, also_id) VALUES
('018f0000-0000-7000-8000-000000000041', '018f0000-0000-7000-8000-000000000021', 'a1', 'outbound', NULL, '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', '', 'Thank you.', 'r1', '[]', '[]', NULL, '{}', NULL, 'false', '2026-03-04 09:15:30.123456+00', '2026-03-04 09:15:30.123456+00', NULL, NULL, NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000052', NULL),
('018f0000-0000-7000-8000-000000000041', '018f0000-0000-7000-8000-000000000021', 'o1', 'other', NULL, NULL, 'Thornham ICB', '', 'We have passed this on.', NULL, '[]', '[]', NULL, '{}', NULL, 'false', '2026-03-05 09:15:30.123456+00', '2026-03-05 09:15:30.123456+00', NULL, NULL, NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000056', NULL),
('018f0000-0000-7000-8000-000000000041', '018f0000-0000-7000-8000-000000000021', 'r1', 'inbound', '018f0000-0000-7000-8000-000000000031', NULL, 'Anonymous', 'Kind at the desk', 'They were kind.', NULL, '[{"name": "Overall", "value": 4, "out_of": 5}]', '[]', 'https://www.nhs.example/r1', '{}', NULL, 'false', '2026-03-03 09:15:30.123456+00', '2026-03-03 09:15:30.123456+00', NULL, NULL, '2026-03-30 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000051', 'nhsuk-77'),
('018f0000-0000-7000-8000-000000000042', '018f0000-0000-7000-8000-000000000021', 'r2', 'inbound', '018f0000-0000-7000-8000-000000000031', NULL, 'Anonymous', '', 'Waited two hours; nobody said why.', NULL, '[]', '[]', NULL, '{}', 'Its author asked for no answer.', 'true', '2026-03-05 09:15:30.123456+00', '2026-03-05 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', NULL, NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000053', NULL),
('018f0000-0000-7000-8000-000000000043', '018f0000-0000-7000-8000-000000000022', '1789', 'inbound', '018f0000-0000-7000-8000-000000000032', NULL, 'Zoë 🫐', '', E'Back\\slash, tab	, line
feed, ''quotes'', 日本語', NULL, '[]', '[{"url": "https://x.example/p.jpg"}]', NULL, '{"lang": "en"}', NULL, 'false', '2026-03-06 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', NULL, '2026-03-07 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000054', NULL);

INSERT INTO noise_rules (channel_id, kind, value, label, member_id, created_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000022', 'must_not', 'juniper gin', 'the words juniper gin', '018f0000-0000-7000-8000-000000000011', '2026-03-08 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000026');

INSERT INTO notes (conversation_id, member_id, member_name, text, created_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000041', '018f0000-0000-7000-8000-000000000012', 'Ben Møller', 'Ask reception. For us only.', '2026-03-04 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000061'),
('018f0000-0000-7000-8000-000000000042', NULL, 'Somebody who left', 'Rang the manager.', '2026-03-06 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000062');

INSERT INTO operator_steps (email, sealed, last_step, confirmed_at, wrong, wrong_at) VALUES
('ada@host.example', E'\\x6162', '59222222', '2026-03-10 09:15:30.123456+00', '0', NULL);

INSERT INTO organisation_details (organisation_id, alert_excerpts, discovery_problems, suppression_key, published_contacts, second_step_since, dpo_name, dpo_email) VALUES
('018f0000-0000-7000-8000-000000000001', 'true', '{"x": "no answer"}', NULL, '[]', NULL, 'Ada Day', 'dpo@example.nhs.uk'),
('018f0000-0000-7000-8000-000000000002', 'false', '{}', NULL, '[]', NULL, '', '');

INSERT INTO organisations (id, ods_code, name, kind, nation, town, postcode, web_domain, listed, discover_next_at, discover_failures, discovered_at, created_at) VALUES
('018f0000-0000-7000-8000-000000000001', 'T1001', 'Juniper Surgery', 'gp_practice', 'england', 'Thornham', 'TH1 1AA', NULL, 'true', NULL, '0', '2026-03-01 09:15:30.123456+00', '2026-03-01 09:15:30.123456+00'),
('018f0000-0000-7000-8000-000000000002', NULL, 'Hospice of the Hazel', 'hospice', 'wales', 'Nant y Gollen', NULL, 'hazel.example', 'false', '2026-03-02 09:15:30.123456+00', '2', NULL, '2026-03-02 09:15:30.123456+00');

INSERT INTO outbox_mails (member_id, conversation_id, kind, about, message_id, state, attempts, reason, queued_at, next_attempt_at, sent_at, organisation_id, id, interruptions) VALUES
('018f0000-0000-7000-8000-000000000011', '018f0000-0000-7000-8000-000000000041', 'new_conversation', '41', '<m1@example.org>', 'sent', '1', '', '2026-03-03 09:15:30.123456+00', '2026-03-03 09:15:30.123456+00', '2026-03-03 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000091', '0'),
('018f0000-0000-7000-8000-000000000011', '018f0000-0000-7000-8000-000000000043', 'new_conversation', '43', '<m2@example.org>', 'queued', '0', '', '2026-03-06 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000092', '0'),
('018f0000-0000-7000-8000-000000000011', NULL, 'many_new', 'abc', '<m3@example.org>', 'skipped', '1', 'They turned these e-mails off.', '2026-03-06 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000093', '0'),
(NULL, NULL, 'request_received', '018f0000-0000-7000-8000-000000000201', '<alert.1@localhost>', 'sent', '1', '', '2026-03-03 09:15:30.123456+00', '2026-03-03 09:15:30.123456+00', '2026-03-03 09:15:31.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000205', '0');

INSERT INTO paid_reads (kind, month, count) VALUES
('x', '2026-03-01', '4000000000');

INSERT INTO paid_today (kind, day, item) VALUES
('x', '2026-03-08', '-42');

INSERT INTO passkeys (member_id, credential_id, public_key, sign_count, name, made_at, used_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000011', E'\\x01', E'\\x02', '4000000000', 'Work phone', '2026-03-10 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000923');

INSERT INTO pending_links (member_id, channel_id, kind, state_hash, sealed, wanted, made_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000011', NULL, 'google', '5e', E'\\x67414141414142706e704d414d4a7a7a514e375f43554a6a6663775342673243774641364c69755353587548584c30766e32644f715475624c4d435166756663646251736d55334a774936714f523362514b536e5a627659564a6d4e3633474776695079444c6338335a426459714251787555326453343d', '/channels', '2026-03-08 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000024');

INSERT INTO providers (ods_code, name, kind, parent_code, street, town, postcode, nation, web_domain, opened_on, closed_on, former_names, short_names, predecessor_codes, successor_codes, source, source_as_of, weight, name_key, other_keys, document) VALUES
('T1001', 'Juniper Surgery', 'gp_practice', NULL, '1 Berry Lane', 'Thornham', 'TH1 1AA', 'england', NULL, '1991-04-01', NULL, '{"Old Mill Surgery"}', '{}', '{}', '{}', 'epraccur', '2026-02-27', '1', 'juniper surgery', '{}', '''juniper'':1 ''surgery'':2 ''thornham'':3');

INSERT INTO quarantined_items (channel_id, fingerprint, remote_id, raw, reason, received_at, organisation_id, id, is_delivery, seen_at, tried_with, tried_at, handled_at) VALUES
('018f0000-0000-7000-8000-000000000021', 'f0', NULL, '{"broken": ', 'No date.', '2026-03-07 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000095', 'false', '2026-11-29 08:08:28.566005+00', '', NULL, NULL);

INSERT INTO recovery_codes (member_id, code_hash, used_at, organisation_id, id) VALUES
('018f0000-0000-7000-8000-000000000011', 'aa', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000921'),
('018f0000-0000-7000-8000-000000000011', 'bb', '2026-03-12 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000922');

INSERT INTO register_versions (id, content_hash, as_of, total_count, open_count, loaded_at, refreshed_at) VALUES
('1', '0a1b', '2026-02-27', '1', '1', '2026-03-01 09:15:30.123456+00', NULL);

INSERT INTO replies (conversation_id, target_id, member_id, member_name, mode, key, text, version, state, pending, attempts, reason, remote_id, url, queued_at, attempted_at, next_attempt_at, sent_at, organisation_id, id, way, let_stand) VALUES
('018f0000-0000-7000-8000-000000000041', '018f0000-0000-7000-8000-000000000051', '018f0000-0000-7000-8000-000000000011', 'Ada Rowan', 'assisted', 'k1', 'Thank you.', '1', 'sent', 'false', '1', '', 'a1', NULL, '2026-03-04 09:15:30.123456+00', '2026-03-04 09:15:30.123456+00', '2026-03-04 09:15:30.123456+00', '2026-03-04 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000081', '', '[]'),
('018f0000-0000-7000-8000-000000000042', '018f0000-0000-7000-8000-000000000053', NULL, 'Somebody who left', 'api', 'k3', 'Sorry.', '1', 'failed', 'false', '3', 'NHS.UK refused it.', NULL, NULL, '2026-03-06 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', '2026-03-06 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000083', '', '[]'),
('018f0000-0000-7000-8000-000000000043', '018f0000-0000-7000-8000-000000000054', '018f0000-0000-7000-8000-000000000012', 'Ben Møller', 'api', 'k2', 'We are looking into it.', '1', 'queued', 'false', '0', '', NULL, NULL, '2026-03-07 09:15:30.123456+00', NULL, '2026-03-07 09:15:30.123456+00', NULL, '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000082', 'private', '[]');

INSERT INTO search_texts (organisation_id, conversation_id, words) VALUES
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000041', '''kind'':3'),
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000042', '''hour'':3 ''nobodi'':4 ''said'':5 ''two'':2 ''wait'':1'),
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000043', '''backslash'':1 ''quot'':2');

INSERT INTO second_steps (sealed, last_step, confirmed_at, wrong, wrong_at, organisation_id, id) VALUES
(E'\\x6162', '59222222', '2026-03-10 09:15:30.123456+00', '2', '2026-03-11 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000011');

INSERT INTO sign_in_issuers (issuer, client_id, sealed, domains, role, counts_as_step, tested_at, on_since, organisation_id, id) VALUES
('https://issuer.example/a', 'client', E'\\x6162', '["juniper.example"]', 'responder', 'true', '2026-03-10 09:15:30.123456+00', '2026-03-11 09:15:30.123456+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000931');

INSERT INTO team_members (organisation_id, team_id, member_id) VALUES
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000c01', '018f0000-0000-7000-8000-000000000012');

INSERT INTO teams (name, sites, services, channels, unplaced, created_at, organisation_id, id) VALUES
('Ward 3', '{T1001A}', '{"T1001A outpatients","Ward 3"}', '{018f0000-0000-7000-8000-000000000021}', 'true', '2026-11-29 11:30:00+00', '018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000c01');

INSERT INTO unread (organisation_id, member_id, conversation_id) VALUES
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000011', '018f0000-0000-7000-8000-000000000042'),
('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000011', '018f0000-0000-7000-8000-000000000043');


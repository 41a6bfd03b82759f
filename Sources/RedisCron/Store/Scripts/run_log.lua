--[[
Notes in the log of runs what a script did: for those that queue jobs. Joined behind guard.lua in front of these.

An entry is a JSON object; see RunLogEntry.swift. The scheduler takes entries off the log and puts what they tell where it is
read. Why here: what is noted in the step that queues a job is lost neither when the scheduler dies nor when an answer is.
Why one entry a call: it costs the hot path next to nothing.
]]

-- With more entries nobody takes them off.
local MOST_LOG_ENTRIES = 10000

--[[
Appends what became of runs: their outcomes (see enqueue_batch.lua), what was done to replaced runs (number, what and job id in
turn), and the rest of the entry as the caller wrote it. Where that cannot be noted, the schedule goes on without.
]]
local function log_runs(log, codes, told, body)
  local removed = {}
  for i = 2, #told, 3 do
    if told[i] == 'removed' then removed[#removed + 1] = cjson.encode(told[i + 1]) end
  end
  if #removed == 0 and not string.find(codes, '[+kFoOla]') then return end
  -- A user of an older version may append, and may not take off.
  if obstacle('RPUSH', log, 'entry') or obstacle('LTRIM', log, '0', '0') then return end
  local list = #removed == 0 and '' or ',"x":[' .. table.concat(removed, ',') .. ']'
  local length = redis.pcall('RPUSH', log, '{"c":"' .. codes .. '"' .. list .. body)
  if type(length) == 'number' and length > MOST_LOG_ENTRIES then
    redis.pcall('LTRIM', log, -MOST_LOG_ENTRIES, -1)
  end
end

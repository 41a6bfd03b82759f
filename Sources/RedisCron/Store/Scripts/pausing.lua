--[[
Writes what the runs of a definition have led to: for scripts that count failures. Joined behind guard.lua in front of these.
]]

-- Writes fields of a definition, and its open runs (text) and its count of failures unless they are nil.
local function write_state(definition, fields, open_runs, failures)
  if open_runs == '' then
    redis.call('HDEL', definition, 'open_runs')
  elseif open_runs then
    fields[#fields + 1], fields[#fields + 2] = 'open_runs', open_runs
  end
  if failures then fields[#fields + 1], fields[#fields + 2] = 'failure_count', failures end
  if #fields > 0 then redis.call('HSET', definition, unpack(fields)) end
end

-- Pauses a definition whose runs failed. Its index entry is left to the caller, and so is the news.
local function pause_definition(definition, now, note, open_runs)
  write_state(definition, {
    'enabled', '0', 'paused_at', now, 'pause_note', note, 'updated_at', now
  }, open_runs)
  redis.call('HDEL', definition, 'failure_count', 'waiting_since', 'paused_until')
end

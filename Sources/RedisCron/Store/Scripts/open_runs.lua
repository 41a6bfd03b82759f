--[[
Whether the runs of a definition are still open, that is wait or run, and how to take them out: for scripts that ask.
Joined behind guard.lua in front of these. docs/rq-jobs.md has the rules, and the situations that they were tried with.

An open run takes two keys, three in a call that may take runs out, and two arguments:
KEYS  +0 the job's hash   +1 its executions (zset; score: when the worker counts as dead)   +2 its results
ARGV  +0 the number of its queue, from 1   +1 mark, or empty
The queues of all runs of a call are given once, with three keys and an argument each:
KEYS  +0 the queue's list   +1 its intermediate list   +2 its registry of scheduled jobs
ARGV  +0 the queue's name

A definition's field `open_runs` is a JSON list of [id, queue] or [id, queue, mark], oldest first. A mark is
`suspect:<Unix seconds>` (the first look found the job nowhere) or `stop:<Unix seconds>` (it was told to stop). Callers
read the list and pass on what they can read.

Why atomic: RQ moves a job from key to key, and separate reads could miss it in each. Why not the status alone: a dead
worker leaves `started` or `queued` behind, and a canceled job may run. A key of another type counts as an empty one.
]]

-- How many runs the field holds.
local MOST_OPEN_RUNS = 8

--[[
One look at the runs of a script. The times are the present in Unix seconds and, as RQ writes times, 60 s ago and 1,000 s ago:
RQ takes up to 900 s to start a job again whose worker died. An id begins at `id_start` of a job's key; the first queue stands
behind KEYS[queue_key] and ARGV[queue_arg]; a run takes `run_keys` keys. A function of functions, so that a script that has no runs
to look at makes none of them.
]]
local function run_inspection(now_text, minute_ago, limit_ago, channel_prefix, id_start, queue_key, queue_arg, run_keys)
  local KEYS, ARGV = KEYS, ARGV
  local call, pcall, match, find, sub = redis.call, redis.pcall, string.match, string.find, string.sub
  local now = tonumber(now_text)
  -- Each LPOS looks at this many elements, and one script makes so many, so that it ends within a millisecond.
  local reach, searches_left = 1000, 20
  local stops = {}

  local inspection = {}
  -- What the last survey found, and its list of runs while it has none: most find nothing, and a table a run would show.
  local found, none = {}, {}

  local function id_of(k) return sub(KEYS[k], id_start) end
  local function queue_of(a) return ARGV[queue_arg + ARGV[a]] end
  -- The first of a queue's keys.
  local function place_of(a) return queue_key + 3 * ARGV[a] - 2 end

  local function after(time, limit) return time and time > limit end

  local function length(list)
    local found = pcall('LLEN', list)
    return type(found) == 'number' and found or 0
  end

  -- Whether a list has it among the first elements, or the last ones (rank -1); nil when no search is left.
  local function search(list, id, rank)
    if searches_left == 0 then return nil end
    searches_left = searches_left - 1
    return type(pcall('LPOS', list, id, 'RANK', rank, 'MAXLEN', reach)) == 'number'
  end

  -- Whether a list has it. One that is too long to be searched counts as one that has it.
  local function is_in(list, id)
    local count = length(list)
    return count > reach or (count > 0 and search(list, id, 1))
  end

  local function has_execution(k)
    local count = pcall('ZCOUNT', KEYS[k + 1], '(' .. now_text, '+inf')
    return type(count) == 'number' and count > 0
  end

  --[[
  The run at these keys and arguments: verdict, status (nil without one), whether it has a live execution, its origin.
    open       it waits or runs
    over       it will not run again, as far as Redis can tell
    suspect    it is in no place, and may be on its way to one
    elsewhere  it is in another queue, its origin
    later      the script has searched enough lists
  ]]
  local function look(k, a)
    local key = KEYS[k]
    local status = pcall('HGET', key, 'status')
    -- Before the executions: an abandonment leaves one behind for 60 s, a late heartbeat of RQ 2 puts one back for 150 s.
    if status == 'finished' or status == 'failed' or status == 'stopped' then return 'over', status end
    local is_live = has_execution(k)
    -- It was deleted while it runs. Without a status there is only what a late heartbeat made of it.
    if type(status) ~= 'string' then return is_live and 'open' or 'over', nil, is_live end
    local fields = call('HMGET', key, 'origin', 'enqueued_at', 'started_at', 'last_heartbeat')
    local queue = queue_of(a)
    local origin = fields[1] or queue
    -- Before all other statuses: a canceled, queued or scheduled job may run.
    if is_live then return 'open', status, true, origin end

    if status == 'started' then
      local is_alive = after(fields[4], limit_ago) or after(fields[3], limit_ago)
      return is_alive and 'open' or 'over', status, false, origin
    elseif origin ~= queue then
      return 'elsewhere', status, false, origin
    end
    local q, id = place_of(a), id_of(k)
    if status == 'queued' then
      if after(fields[2], minute_ago) then return 'open', status, false, origin end
      local found = is_in(KEYS[q], id)
      if found == false then found = is_in(KEYS[q + 1], id) end
      if found == nil then return 'later', status, false, origin end
      -- A worker on several queues holds a popped id nowhere until it has prepared the execution.
      return found and 'open' or 'suspect', status, false, origin
    elseif status == 'canceled' then
      -- A job that was popped before it was canceled runs all the same.
      local found = length(KEYS[q + 1]) > 0 and search(KEYS[q + 1], id, 1)
      if found == nil then return 'later', status, false, origin end
      return found and 'suspect' or 'over', status, false, origin
    elseif status == 'scheduled' then
      local due = tonumber((pcall('ZSCORE', KEYS[q + 2], id)))
      -- RQ writes the status first.
      if not due then return 'suspect', status, false, origin end
      return due > now - 1000 and 'open' or 'over', status, false, origin
    elseif status == 'deferred' or status == 'rate_limited' or status == 'ready_to_enqueue' then
      return 'open', status, false, origin
    end
    return 'over', status, false, origin
  end

  --[[
  The same, with what its mark remembers: a suspect that is none any more loses the mark, and one that still is 15 s later is
  over. The mark is the fifth result.
  ]]
  local function judge(k, a)
    local mark = ARGV[a + 1]
    local verdict, status, is_live, origin = look(k, a)
    if verdict == 'suspect' then
      local since = tonumber(match(mark, '^suspect:(%d+)$'))
      if not since or since > now then
        mark = 'suspect:' .. now_text
      elseif now - since >= 15 then
        verdict = 'over'
      end
    elseif verdict == 'open' and find(mark, '^suspect:') then
      mark = ''
    end
    return verdict, status, is_live, origin, mark
  end
  inspection.judge = judge

  local function entry(run)
    local mark = run.mark
    return cjson.encode(mark == '' and { run.id, run.queue } or { run.id, run.queue, mark })
  end

  --[[
  Looks at the runs of one definition, the one with the key `own` excepted. Returns until the next survey: kept, those that are not over; is_changed,
  whether that differs from what was read; is_elsewhere, whether one has to be read again; is_late, whether there were lists to
  be searched once too often; failures.

  `failures` counts the runs that failed one after the other; nil where nobody asks. With `is_brief` only the ends of runs are
  of interest, and no list is searched.
  ]]
  function inspection.survey(k, a, count, own, is_brief, failures)
    local kept = none
    found.is_changed, found.is_elsewhere, found.is_late, found.is_waited_for = false, false, false, false
    for _ = 1, count do
      local verdict, status, is_live, origin, mark
      if KEYS[k] == own then
        verdict = 'over'
      elseif is_brief then
        status, mark = pcall('HGET', KEYS[k], 'status'), ARGV[a + 1]
        local is_over = status == 'finished' or status == 'failed' or status == 'stopped'
          or (type(status) ~= 'string' and not has_execution(k))
        verdict = is_over and 'over' or 'open'
      else
        verdict, status, is_live, origin, mark = judge(k, a)
      end
      if verdict == 'over' then
        found.is_changed = true
        if failures and status == 'failed' then
          failures = failures + 1
        elseif failures and status == 'finished' then
          failures = 0
        end
      else
        if kept == none then kept = {} end
        kept[#kept + 1] = {
          id = id_of(k), k = k, a = a, verdict = verdict, status = status, is_live = is_live, origin = origin,
          queue = queue_of(a), mark = mark
        }
        if verdict == 'later' then found.is_late = true end
        if verdict == 'elsewhere' then found.is_elsewhere = true end
        if mark ~= ARGV[a + 1] then found.is_changed = true end
      end
      k, a = k + run_keys, a + 2
    end
    found.kept, found.failures = kept, failures
    return found
  end

  -- The runs of one definition as they were read, `own` excepted: for a run that is queued whatever is open.
  function inspection.unseen(k, a, count, own)
    local kept = {}
    for _ = 1, count do
      if KEYS[k] ~= own then kept[#kept + 1] = { id = id_of(k), queue = queue_of(a), mark = ARGV[a + 1] } end
      k, a = k + run_keys, a + 2
    end
    found.kept = kept
    return found
  end

  -- What the field is to hold: these runs and a further entry (text, or empty for none); empty when there is none.
  function inspection.text(kept, further)
    if #kept == 0 then return further == '' and '' or '[' .. further .. ']' end
    local entries = {}
    local skipped = #kept + (further ~= '' and 1 or 0) - MOST_OPEN_RUNS
    for number, run in ipairs(kept) do
      if number > skipped then entries[#entries + 1] = entry(run) end
    end
    if further ~= '' then entries[#entries + 1] = further end
    return '[' .. table.concat(entries, ',') .. ']'
  end

  -- All runs as they were read, each with the queue that it is in: written when one has moved, for the next look.
  function inspection.moved(k, a, count)
    local runs = {}
    for number = 1, count do
      local status = pcall('HGET', KEYS[k], 'status')
      local origin = type(status) == 'string' and call('HGET', KEYS[k], 'origin')
      runs[number] = { id = id_of(k), queue = origin or queue_of(a), mark = ARGV[a + 1] }
      k, a = k + run_keys, a + 2
    end
    return inspection.text(runs, '')
  end

  --[[
  What can be done to end a run:
    unlist      take it out of its queue, at the side `run.side`
    orphan      delete the job and leave its id in a list too long to be searched: a worker skips an id without a hash
    unschedule  take it out of the registry of scheduled jobs
    stop        tell its worker to stop it
    leave       nothing, and it is not waited for
    again       nothing yet: it is on its way from one place to another
    later       the script has searched enough lists
    elsewhere   it is in another queue
  ]]
  local function remedy(run)
    local k, q, id, status = run.k, place_of(run.a), run.id, run.status
    if run.verdict == 'suspect' then return 'again' end
    if status == 'queued' or status == 'scheduled' then
      if run.origin ~= run.queue then return 'elsewhere' end
      if status == 'scheduled' then return tonumber((pcall('ZSCORE', KEYS[q + 2], id))) and 'unschedule' or 'again' end
      local list = KEYS[q]
      local count = length(list)
      -- Of a long list first the end, where what was queued lately stands.
      for _, side in ipairs({ -1, 1 }) do
        local found = count > (side == 1 and 0 or reach) and search(list, id, side)
        if found == nil then return 'later' end
        if found then
          run.side = side
          return 'unlist'
        end
      end
      if count <= 2 * reach or run.is_live then return 'again' end
      local is_popped = length(KEYS[q + 1]) > 0 and search(KEYS[q + 1], id, 1)
      if is_popped == nil then return 'later' end
      return is_popped and 'again' or 'orphan'
    elseif status == 'canceled' then
      -- It was canceled before it started, or runs: a stop before the fork would end the worker.
      local times = call('HMGET', KEYS[k], 'started_at', 'enqueued_at')
      return times[1] and times[2] and times[1] > times[2] and 'stop' or 'again'
    end
    return status == 'started' and run.is_live and 'stop' or 'leave'
  end

  -- Chooses what is done to end the runs that the survey kept, and does nothing yet.
  function inspection.plan_removal()
    for _, run in ipairs(found.kept) do
      run.remedy = remedy(run)
      if run.remedy == 'later' then found.is_late = true end
      if run.remedy == 'elsewhere' then found.is_elsewhere = true end
      if run.remedy == 'again' then found.is_waited_for = true end
    end
  end

  --[[
  Does what was planned. What is to be told of it is appended to `told` as number, kind and job id. Stops are only noted: a
  script that sent one and is refused a write would send it again, and a worker that is told twice may end itself.
  ]]
  function inspection.remove(number, told)
    local kept = {}
    for _, run in ipairs(found.kept) do
      local id, remedy, q = run.id, run.remedy, place_of(run.a)
      if remedy == 'unlist' or remedy == 'orphan' or remedy == 'unschedule' then
        if remedy == 'unlist' then call('LREM', KEYS[q], run.side, id) end
        if remedy == 'unschedule' then call('ZREM', KEYS[q + 2], id) end
        call('DEL', KEYS[run.k], KEYS[run.k + 2])
        told[#told + 1], told[#told + 2], told[#told + 3] = number, 'removed', id
      elseif remedy == 'stop' then
        local since = tonumber(match(run.mark, '^stop:(%d+)$'))
        if not since then
          local worker = call('HGET', KEYS[run.k], 'worker_name')
          run.mark = 'stop:' .. now_text
          stops[#stops + 1] = { number = number, id = id, worker = worker or '' }
        elseif now - since >= 30 then
          told[#told + 1], told[#told + 2], told[#told + 3] = number, 'still', id
        end
      end
      -- RQ's scheduler may be about to queue what it has read: it is looked at once more.
      if remedy ~= 'unlist' and remedy ~= 'orphan' then kept[#kept + 1] = run end
    end
    found.kept = kept
    found.is_changed = true
  end

  -- Sends the stops that were noted, once nothing can be refused any more.
  function inspection.send_stops(told)
    for _, stop in ipairs(stops) do
      local command = '{"command": "stop-job", "job_id": ' .. cjson.encode(stop.id) .. '}'
      local listeners = call('PUBLISH', channel_prefix .. stop.worker, command)
      told[#told + 1], told[#told + 2], told[#told + 3] = stop.number, listeners > 0 and 'stopped' or 'unheard', stop.id
    end
  end

  -- For `guard`: the commands with which runs are looked at, on the keys of one and of the first queue. What is denied would look
  -- like an empty key.
  function inspection.looks(k)
    local q = queue_key + 1
    return {
      { 'HGET', KEYS[k], 'status' }, { 'HMGET', KEYS[k], 'status' }, { 'ZCOUNT', KEYS[k + 1], '0', '0' },
      { 'LLEN', KEYS[q] }, { 'LPOS', KEYS[q], 'id' }, { 'LPOS', KEYS[q + 1], 'id' }, { 'ZSCORE', KEYS[q + 2], 'id' }
    }
  end

  -- The same for those with which runs are taken out and stopped.
  function inspection.removals(k)
    local q = queue_key + 1
    return {
      { 'LREM', KEYS[q], '1', 'id' }, { 'ZREM', KEYS[q + 2], 'id' }, { 'DEL', KEYS[k], KEYS[k + 2] },
      { 'PUBLISH', channel_prefix .. 'worker', '' }
    }
  end

  return inspection
end

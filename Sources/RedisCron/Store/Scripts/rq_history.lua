--[[
RQ's own history of a name (`…:jobs`, zset: job id by when it was queued), of which a scheduler writes a part with
--rq-history. Joined in front of the scripts that take that part away.

Ours are the members whose id is a UUID of version 5: the ids of planned runs follow from definition and time. RQ gives
each job of its cron a random one, of version 4. So what RQ wrote under the same name always stays.
]]

local function is_ours(job_id)
  return #job_id == 36 and string.sub(job_id, 15, 15) == '5'
end

-- Takes our members out. Answers whether something else stands there, or may: the user may not be allowed to read it.
local function take_out_of_history(key)
  local members = redis.pcall('ZRANGE', key, 0, -1)
  if members.err then return true end
  local ours, is_shared = {}, false
  for _, member in ipairs(members) do
    if is_ours(member) then ours[#ours + 1] = member else is_shared = true end
  end
  for first = 1, #ours, 1000 do
    local gone = redis.pcall('ZREM', key, unpack(ours, first, math.min(first + 999, #ours)))
    if type(gone) == 'table' then return true end
  end
  return is_shared
end

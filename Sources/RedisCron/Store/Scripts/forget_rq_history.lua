--[[
Takes our part out of RQ's own history of definitions that are gone: rq_history.lua says which part that is.

KEYS  for each of N definitions: its hash, then RQ's history of that name (zset: job id by when it was queued)
Returns  how many of them are gone.

Why atomic: the definition may be written anew at any moment, and then its history stays.
]]
local refusal = guard({
  { 'EXISTS', KEYS[1] }, { 'ZRANGE', KEYS[2], '0', '-1' }, { 'ZREM', KEYS[2], 'id' }
})
if refusal then return refusal end
local gone = 0
for key = 1, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[key]) == 0 then
    take_out_of_history(KEYS[key + 1])
    gone = gone + 1
  end
end
return gone

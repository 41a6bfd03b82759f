--[[
Removes all that is kept of the runs of definitions that are gone.

KEYS  1 open runs   2 runs that are watched   3 definitions of which runs are kept   4 how many runs are kept
      then N times 3: the definition's hash, its runs that are over, its refused times
ARGV  1 what stands before an id in a definition's key
      then N times: what its members of KEYS[1] begin with, behind a bracket as ZRANGEBYLEX has it
Returns  a string of one character for each, in order: '+' it is gone, and nothing of its runs is left   '-' it is there

Why atomic: a definition that is written meanwhile keeps its runs.
]]
local refusal = guard({ { 'EXISTS', KEYS[5] } }) or guard(forgetting(1, KEYS[6], KEYS[7]))
if refusal then return refusal end
local codes = {}
for number = 1, #ARGV - 1 do
  local key = 2 + 3 * number
  local is_gone = redis.call('EXISTS', KEYS[key]) == 0
  if is_gone then
    forget_runs(1, KEYS[key + 1], KEYS[key + 2], string.sub(KEYS[key], #ARGV[1] + 1), ARGV[number + 1])
  end
  codes[number] = is_gone and '+' or '-'
end
return table.concat(codes)

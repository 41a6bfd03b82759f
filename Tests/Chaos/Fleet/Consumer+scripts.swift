extension Consumer {
    static let take = """
        local prefix = ARGV[1]
        for q = 2, #KEYS do
          for _ = 1, 100 do
            if not redis.call('LMOVE', KEYS[q], KEYS[1], 'LEFT', 'RIGHT') then break end
          end
        end
        local jobs = {}
        for j, id in ipairs(redis.call('LRANGE', KEYS[1], 0, 999)) do
          local hash = redis.call('HMGET', prefix .. id, 'status', 'created_at', 'data', 'description', 'origin')
          jobs[j] = { id, hash[2] or '', hash[1] and hash[3] and hash[4] and hash[5] and '1' or '0', hash[4] or '' }
        end
        if #jobs > 0 then
          local ids = {}
          for j, job in ipairs(jobs) do ids[j] = job[1] end
          redis.call('SET', KEYS[1] .. ':last', ARGV[2] .. ' ' .. table.concat(ids, ' '))
        end
        return jobs
        """

    /// Takes jobs off the list, and starts those that are worked at.
    static let finish = """
        local now, long_ago, renewed, expired = ARGV[4], ARGV[7], ARGV[8], ARGV[9]
        redis.call('SET', KEYS[1] .. ':finished', ARGV[2])
        for j = 10, #ARGV, 2 do
          local id, fate = ARGV[j], ARGV[j + 1]
          local job = ARGV[1] .. id
          -- Where a server lost that it was taken, it stands in its queue and is taken again.
          if redis.call('LREM', KEYS[1], 1, id) == 0 then
          elseif fate == 'delete' then
            redis.call('DEL', job)
          elseif fate == 'keep' then
            if redis.call('EXISTS', job) == 1 then
              redis.call('HSET', job, 'status', 'finished', 'started_at', now, 'ended_at', now,
                'worker_name', '\(StopLine.worker)')
              redis.call('EXPIRE', job, 300)
            end
          else
            local is_dead = fate == 'die'
            local heard = is_dead and long_ago or now
            -- On its way to another node of a cluster it is not there for a moment.
            if redis.call('EXISTS', job) == 1 then
              redis.call('HSET', job, 'status', 'started', 'started_at', heard, 'last_heartbeat', heard,
                'worker_name', '\(StopLine.worker)')
              redis.call('ZADD', ARGV[3] .. id, is_dead and expired or renewed, 'chaos')
            end
            if not is_dead then redis.call('ZADD', KEYS[2], tonumber(ARGV[5]) + tonumber(fate), id) end
          end
        end
        """

    /// Stops the jobs that are to be stopped, ends those whose work is done, a quarter of them with a failure, and renews the
    /// others every second.
    static let work = """
        local now, present, second_ago = ARGV[3], tonumber(ARGV[4]), ARGV[5]
        local is_told = {}
        for j = 9, #ARGV do is_told[ARGV[j]] = true end
        local jobs = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
        for j = 1, #jobs, 2 do
          local id = jobs[j]
          local job, executions = ARGV[1] .. id, ARGV[2] .. id
          if redis.call('EXISTS', job) == 0 then
            -- Later.
          elseif is_told[id] then
            redis.call('ZREM', KEYS[1], id)
            redis.call('DEL', executions)
            redis.call('HSET', job, 'status', 'stopped', 'ended_at', '', 'last_heartbeat', '', 'worker_name', '')
            redis.call('EXPIRE', job, 300)
          elseif tonumber(jobs[j + 1]) <= present then
            redis.call('ZREM', KEYS[1], id)
            redis.call('DEL', executions)
            local is_failure = string.find('0123', string.sub(id, 1, 1), 1, true)
            redis.call('HSET', job, 'status', is_failure and 'failed' or 'finished', 'ended_at', now)
            redis.call('EXPIRE', job, 300)
          elseif (redis.call('HGET', job, 'last_heartbeat') or now) < second_ago then
            redis.call('HSET', job, 'last_heartbeat', now)
            redis.call('ZADD', executions, ARGV[7], 'chaos')
          end
        end
        """
}

// Keeps what is shown up to date, counts times on, finds while one types. The page does without it.
'use strict';
(() => {
  // Times: counted on each second, and told in one's own zone too.
  const units = [['y', 31557600], ['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
  const distance = (seconds) => {
    let rest = Math.abs(seconds);
    if (rest === 0) return 'now';
    const parts = [];
    for (const [name, size] of units) {
      if (parts.length === 2) break;
      const count = Math.floor(rest / size);
      if (count > 0 || parts.length > 0) parts.push([count, name]);
      rest %= size;
    }
    if (parts.length === 2 && parts[1][0] === 0) parts.pop();
    const text = parts.map(([count, name]) => count + name).join(' ');
    return seconds < 0 ? text + ' ago' : 'in ' + text;
  };
  const tick = () => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll('time[data-relative]')) {
      const text = distance(Math.round((Date.parse(time.dateTime) - Date.now()) / 1000));
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tick, 1000);
  document.addEventListener('pointerover', (event) => {
    const time = event.target.closest && event.target.closest('time[datetime]');
    if (!time || time.dataset.own) return;
    time.dataset.own = '1';
    time.title += '\n' + new Date(time.dateTime).toLocaleString() + ' (yours)';
  });

  // A slash goes to the search, and Escape leaves it, as in many lists.
  const find = document.querySelector('[data-find]');
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || !find) return;
    if (/^(input|textarea|select)$/i.test(document.activeElement.tagName)) return;
    event.preventDefault();
    find.focus();
    find.select();
  });

  // What is shown is fetched again, and each part that may change takes the place of the former.
  let fetching = null;
  // Where there is a live stream it says so, and ends when what is shown is gone.
  let failed = () => {}, gone = () => {};
  const mark = (element) => element.getAttribute('href') || element.getAttribute('aria-label');
  const refresh = async (address) => {
    if (fetching) fetching.abort();
    const own = fetching = new AbortController();
    try {
      const answer = await fetch(address, { signal: own.signal, headers: { Accept: 'text/html' }, cache: 'no-store' });
      if (answer.status === 404) gone();
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const part of document.querySelectorAll('[data-live][id]')) {
        const fresh = page.getElementById(part.id);
        // What one is pointing at with the keyboard stays, until one goes on.
        if (!fresh || part.isEqualNode(fresh)) continue;
        const active = part.contains(document.activeElement) ? mark(document.activeElement) : null;
        part.replaceWith(fresh);
        const again = active && [...fresh.querySelectorAll('a, [tabindex]')].find((element) => mark(element) === active);
        if (again) again.focus();
      }
      tick();
    } catch (error) {
      if (error.name !== 'AbortError') failed();
    } finally {
      if (fetching === own) fetching = null;
    }
  };

  // Find while one types; a choice is taken at once.
  const form = document.querySelector('form.filters');
  const submit = () => {
    const items = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value) items.set(name, value);
    const query = items.toString();
    const address = form.getAttribute('action') + (query ? '?' + query : '');
    history.replaceState(null, '', address);
    refresh(address);
  };
  if (form && find) {
    let wait = 0;
    find.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(submit, 180); });
    form.addEventListener('change', (event) => { if (event.target.matches('[data-submit]')) submit(); });
    form.addEventListener('submit', (event) => { event.preventDefault(); submit(); });
  }

  // Live: one stream, closed while the page is hidden or paused.
  const address = document.body.dataset.events;
  const live = document.getElementById('live');
  const label = document.getElementById('live-state');
  const toggle = document.getElementById('live-toggle');
  if (!address || !live || !window.EventSource) return;
  let stream = null, paused = false, due = 0, last = 0;
  const state = (text, off) => {
    if (label.textContent !== text) label.textContent = text;
    label.classList.toggle('off', off);
  };
  // At most every two seconds; where nothing of what is shown changed, every ten.
  const later = (least) => {
    const at = Math.max(Date.now() + 50, last + least);
    if (due && due.at <= at) return;
    if (due) clearTimeout(due.timer);
    due = { at, timer: setTimeout(() => { due = 0; last = Date.now(); refresh(location.href); }, at - Date.now()) };
  };
  const isShown = (ids) => {
    if (!ids) return true;
    const shown = new Set([...document.querySelectorAll('[data-id]')].map((row) => row.dataset.id));
    return ids.some((id) => shown.has(id));
  };
  const open = () => {
    if (stream || paused || document.hidden) return;
    stream = new EventSource(address);
    stream.onopen = () => state('live', false);
    stream.onerror = () => state('connecting', true);
    stream.addEventListener('change', (event) => {
      const change = JSON.parse(event.data);
      later(change.status || change.list || isShown(change.ids) ? 2000 : 10000);
    });
  };
  const close = (text) => {
    if (stream) stream.close();
    stream = null;
    if (due) clearTimeout(due.timer);
    due = 0;
    state(text, true);
  };
  toggle.addEventListener('click', () => {
    paused = !paused;
    toggle.setAttribute('aria-pressed', String(paused));
    toggle.textContent = paused ? 'Resume updates' : 'Pause updates';
    if (paused) close('paused'); else { open(); later(0); }
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close('paused while hidden'); else if (!paused) { open(); later(0); }
  });
  failed = () => state('cannot be reached', true);
  gone = () => {
    paused = true;
    toggle.hidden = true;
    close('deleted');
  };
  live.hidden = false;
  open();
})();

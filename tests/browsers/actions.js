// What a page can try. Each action resolves to what the page can see of the response.

const WAIT = 20000;

async function seen(request) {
  try {
    const response = await request;
    if (response.type === "opaque") return "sent";
    return `read ${response.status} ${await response.text()}`;
  } catch (error) {
    return `failed ${error}`;
  }
}

function content({ text, type, file }) {
  if (file !== undefined) {
    const form = new FormData();
    for (const [name, value] of Object.entries(file.fields ?? {})) form.append(name, value);
    form.append("file", new Blob([file.text]), file.name);
    return form;
  }
  return text === undefined ? undefined : new Blob([text], type === undefined ? {} : { type });
}

function inFrame(prepare) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = `frame-${Math.random()}`;
    document.body.append(frame);
    const look = () => {
      try {
        if (frame.contentWindow.location.href === "about:blank") return;
        resolve(`read 0 ${frame.contentDocument.body.innerText}`);
      } catch {
        resolve("sent");
      }
    };
    setTimeout(() => resolve("sent"), WAIT);
    prepare(frame);
    frame.addEventListener("load", look);
  });
}

const actions = {
  fetch: ({ url, method = "GET", mode = "cors", headers = {}, ...body }) =>
    seen(fetch(url, { method, mode, headers, body: content(body), credentials: "include" })),

  // Without cookies, as applications ask other origins.
  plainFetch: ({ url, method = "GET", headers = {}, ...body }) =>
    seen(fetch(url, { method, headers, body: content(body) })),

  header: async ({ url, method = "GET", name, headers = {}, ...body }) =>
    String((await fetch(url, { method, headers, body: content(body) })).headers.get(name)),

  request: ({ url, method, text }) =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      request.onload = () => resolve(`read ${request.status} ${request.responseText}`);
      request.onerror = () => resolve("failed");
      request.send(text);
    }),

  beacon: async ({ url, ...body }) => {
    navigator.sendBeacon(url, content(body));
    // Nothing says when it has arrived; what is asked of the same server afterwards comes later.
    await seen(fetch(url, { mode: "no-cors" }));
    return "sent";
  },

  form: ({ url, enctype, method = "POST", fields = {}, file }) =>
    inFrame((frame) => {
      const form = document.createElement("form");
      Object.assign(form, { action: url, method, enctype, target: frame.name });
      for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name, value });
        form.append(input);
      }
      if (file !== undefined) {
        const input = document.createElement("input");
        const files = new DataTransfer();
        files.items.add(new File([file.text], file.name));
        Object.assign(input, { type: "file", name: "file", files: files.files });
        form.append(input);
      }
      document.body.append(form);
      form.submit();
    }),

  // A page in a sandbox has the origin null.
  sandboxed: ({ url, method, mode, ...body }) =>
    new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-scripts");
      addEventListener("message", (message) => resolve(message.data), { once: true });
      const request = { method, mode, body: body.text };
      frame.srcdoc = `<script>${seen}
        seen(fetch(${JSON.stringify(url)}, ${JSON.stringify(request)})).then((found) => parent.postMessage(found, "*"));
        </script>`;
      document.body.append(frame);
    }),

  script: ({ url }) =>
    new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = url;
      addEventListener("error", (event) => event.message && resolve(`read 0 ${event.message}`), { once: true });
      script.onload = () => resolve("sent");
      script.onerror = () => resolve("failed");
      document.body.append(script);
    }),
};

async function act(name, options) {
  try {
    return await actions[name](options);
  } catch (error) {
    return `broken ${error}`;
  }
}

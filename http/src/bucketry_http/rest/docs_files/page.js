// Shows the OpenAPI document. A file of its own: the page's Content-Security-Policy allows no script inside it.
"use strict";

SwaggerUIBundle({
  url: document.getElementById("ui").dataset.document,
  dom_id: "#ui",
  deepLinking: true,
  // Would send the document to a service on the internet.
  validatorUrl: null,
});

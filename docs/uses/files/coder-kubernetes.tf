# A Coder template for Kubernetes. `kubernetes_pod` has no hostUsers, so the pod is written as a
# manifest; with CRI-O, `kubernetes_pod` with the annotation works as well.

terraform {
  required_providers {
    coder = {
      source = "coder/coder"
    }
    kubernetes = {
      source = "hashicorp/kubernetes"
    }
  }
}

variable "workspaces_namespace" {
  default = "coder"
}

data "coder_workspace" "me" {}
data "coder_workspace_owner" "me" {}

resource "coder_agent" "main" {
  os             = "linux"
  arch           = "amd64"
  dir            = "/home/coder"
  startup_script = <<-EOT
    #!/bin/sh
    sudo dockerd >/tmp/dockerd.log 2>&1 &
  EOT
}

resource "kubernetes_manifest" "workspace" {
  count = data.coder_workspace.me.start_count
  manifest = {
    apiVersion = "v1"
    kind       = "Pod"
    metadata = {
      name      = "coder-${data.coder_workspace_owner.me.name}-${lower(data.coder_workspace.me.name)}"
      namespace = var.workspaces_namespace
      annotations = {
        "io.kubernetes.cri-o.userns-mode" = "auto:size=65536"
      }
    }
    spec = {
      runtimeClassName = "sysbox-runc"
      hostUsers        = false
      securityContext = {
        runAsUser = 1000
        fsGroup   = 1000
      }
      containers = [{
        name    = "dev"
        image   = "sysbox/workspace:bookworm"
        command = ["sh", "-c", coder_agent.main.init_script]
        env = [{
          name  = "CODER_AGENT_TOKEN"
          value = coder_agent.main.token
        }]
      }]
    }
  }
}

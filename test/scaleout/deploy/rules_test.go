package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"alpaca/internal/queue"
)

// pods returns the templates of all pods, by the names of the manifests that have them.
func pods(t *testing.T) map[string]corev1.PodTemplateSpec {
	t.Helper()
	list := map[string]corev1.PodTemplateSpec{}
	selected := func(name string, selector *metav1.LabelSelector, p corev1.PodTemplateSpec) {
		s, err := metav1.LabelSelectorAsSelector(selector)
		require.NoError(t, err)
		require.True(t, s.Matches(labels.Set(p.Labels)), "%s does not select its own pods", name)
		list[name] = p
	}
	for name, d := range of[appsv1.Deployment](t) {
		selected(name, d.Spec.Selector, d.Spec.Template)
	}
	for name, s := range of[appsv1.StatefulSet](t) {
		selected(name, s.Spec.Selector, s.Spec.Template)
	}
	for name, j := range of[batchv1.Job](t) {
		require.Equal(t, corev1.RestartPolicyNever, j.Spec.Template.Spec.RestartPolicy, name)
		list[name] = j.Spec.Template
	}
	return list
}

// only returns the container of a pod, which must have exactly one.
func only(t *testing.T, p corev1.PodTemplateSpec) corev1.Container {
	t.Helper()
	require.Len(t, p.Spec.Containers, 1)
	require.Empty(t, p.Spec.InitContainers)
	return p.Spec.Containers[0]
}

// flagOf returns the value of the flag name in args, or "".
func flagOf(args []string, name string) string {
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			return value
		}
	}
	return ""
}

// TestPods checks what all pods must have: the restricted profile of Pod Security, images by
// digest, whole CPUs, and no volume that would keep the model in memory twice.
func TestPods(t *testing.T) {
	for name, p := range pods(t) {
		s, c := p.Spec.SecurityContext, only(t, p)
		require.True(t, *s.RunAsNonRoot, name)
		require.NotZero(t, *s.RunAsUser, name)
		require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, s.SeccompProfile.Type, name)
		require.False(t, *p.Spec.AutomountServiceAccountToken, name)
		require.False(t, p.Spec.HostNetwork || p.Spec.HostPID || p.Spec.HostIPC, name)
		require.False(t, *c.SecurityContext.AllowPrivilegeEscalation, name)
		require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, name)
		require.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop, name)
		require.Empty(t, c.SecurityContext.Capabilities.Add, name)
		require.Regexp(t, `^(alpaca|nats)@sha256:[0-9a-f]{64}$`, c.Image, name)
		for _, kind := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := c.Resources.Requests[kind], c.Resources.Limits[kind]
			require.True(t, request.Equal(limit), "%s: %s", name, kind)
			require.False(t, request.IsZero(), name)
		}
		cpu := c.Resources.Limits.Cpu()
		require.Zero(t, cpu.MilliValue()%1000, "%s: must ask for whole CPUs, because with a part of a CPU, threads wait for each other", name)
		for _, v := range p.Spec.Volumes {
			require.Nil(t, v.EmptyDir, "%s: this volume would keep the model in memory twice", name)
			require.Nil(t, v.HostPath, name)
		}
		for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
			if probe != nil {
				require.True(t, hasPort(c, probe.HTTPGet.Port), "%s: no port %v", name, probe.HTTPGet.Port)
			}
		}
	}
}

// hasPort reports whether a container has a port of that name or number.
func hasPort(c corev1.Container, port intstr.IntOrString) bool {
	return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool {
		return port.Type == intstr.String && p.Name == port.StrVal || port.Type == intstr.Int && p.ContainerPort == port.IntVal
	})
}

// TestEnding checks that Kubernetes gives pods enough time to end, and that probes and ports fit
// the program.
func TestEnding(t *testing.T) {
	all := pods(t)
	seconds := func(text string) int64 {
		d, err := time.ParseDuration(text)
		require.NoError(t, err)
		require.NotZero(t, d)
		return int64(d.Seconds())
	}
	serve, c := all["alpaca-serve"].Spec, only(t, all["alpaca-serve"])
	require.Greater(t, *serve.TerminationGracePeriodSeconds, c.Lifecycle.PreStop.Sleep.Seconds+seconds(flagOf(c.Args, "--drain-timeout")))
	require.Equal(t, "/livez", c.LivenessProbe.HTTPGet.Path)
	require.Equal(t, "/readyz", c.ReadinessProbe.HTTPGet.Path)
	require.Equal(t, "/readyz", c.StartupProbe.HTTPGet.Path)
	worker, c := all["alpaca-worker"].Spec, only(t, all["alpaca-worker"])
	require.Greater(t, *worker.TerminationGracePeriodSeconds, seconds(flagOf(c.Args, "--grace"))+10)
	for _, name := range []string{"alpaca-serve", "alpaca-worker"} {
		c := only(t, all[name])
		require.Equal(t, flagOf(c.Args, "--port"), strconv.Itoa(int(c.Ports[0].ContainerPort)), name)
	}
}

// TestNames checks that everything that the manifests name exists.
func TestNames(t *testing.T) {
	all := pods(t)
	match := func(selector metav1.LabelSelector) (found []corev1.PodTemplateSpec) {
		s, err := metav1.LabelSelectorAsSelector(&selector)
		require.NoError(t, err)
		for _, p := range all {
			if s.Matches(labels.Set(p.Labels)) {
				found = append(found, p)
			}
		}
		return found
	}
	for name, s := range of[corev1.Service](t) {
		found := match(metav1.LabelSelector{MatchLabels: s.Spec.Selector})
		require.Len(t, found, 1, name)
		for _, port := range s.Spec.Ports {
			require.True(t, hasPort(only(t, found[0]), port.TargetPort), "%s: %v", name, port.TargetPort)
		}
	}
	for name, b := range of[policyv1.PodDisruptionBudget](t) {
		require.Len(t, match(*b.Spec.Selector), 1, name)
	}
	for name, n := range of[networkingv1.NetworkPolicy](t) {
		found := match(n.Spec.PodSelector)
		require.Len(t, found, 1, name)
		for _, in := range n.Spec.Ingress {
			for _, port := range in.Ports {
				require.True(t, hasPort(only(t, found[0]), *port.Port), "%s: %v", name, port.Port)
			}
		}
		for _, out := range n.Spec.Egress {
			for _, to := range out.To {
				for _, p := range match(*to.PodSelector) {
					require.True(t, hasPort(only(t, p), *out.Ports[0].Port), name)
				}
				require.NotEmpty(t, match(*to.PodSelector), name)
			}
		}
	}
	deployments := of[appsv1.Deployment](t)
	for name, h := range of[autoscalingv2.HorizontalPodAutoscaler](t) {
		require.Contains(t, deployments, h.Spec.ScaleTargetRef.Name, name)
		require.Equal(t, "alpaca_queue_depth", h.Spec.Metrics[0].Pods.Metric.Name)
		require.Contains(t, only(t, all[h.Spec.ScaleTargetRef.Name]).Args, "--metrics")
	}
	for name, s := range of[appsv1.StatefulSet](t) {
		require.Contains(t, of[corev1.Service](t), s.Spec.ServiceName, name)
	}

	// The manifests have all claims and config maps of volumes. Their comments say how to make
	// the secrets.
	claims, made := of[corev1.PersistentVolumeClaim](t), []string{"alpaca-keys", "alpaca-queue", "nats-tls"}
	for name, p := range all {
		mounts := map[string]bool{}
		for _, m := range only(t, p).VolumeMounts {
			mounts[m.Name] = true
		}
		for _, v := range p.Spec.Volumes {
			require.True(t, mounts[v.Name], "%s: %s is mounted nowhere", name, v.Name)
			switch {
			case v.PersistentVolumeClaim != nil:
				require.Contains(t, claims, v.PersistentVolumeClaim.ClaimName, name)
			case v.Secret != nil:
				require.Contains(t, made, v.Secret.SecretName, name)
			case v.ConfigMap != nil:
				require.Contains(t, of[corev1.ConfigMap](t), v.ConfigMap.Name, name)
			default:
				t.Errorf("%s: volume %s is of a kind that this test does not check", name, v.Name)
			}
		}
		for _, e := range only(t, p).Env {
			if e.ValueFrom != nil {
				require.Contains(t, made, e.ValueFrom.SecretKeyRef.Name, name)
			}
		}
	}
}

// TestBatch checks that each index of the job has its shard.
func TestBatch(t *testing.T) {
	j := of[batchv1.Job](t)["alpaca-batch"]
	c := only(t, j.Spec.Template)
	require.Equal(t, batchv1.IndexedCompletion, *j.Spec.CompletionMode)
	require.Equal(t, "$(JOB_COMPLETION_INDEX)/"+strconv.Itoa(int(*j.Spec.Completions)), flagOf(c.Args, "--shard"))
	require.Contains(t, flagOf(c.Args, "-o"), "$(JOB_COMPLETION_INDEX)")
	require.Equal(t, c.Name, *j.Spec.PodFailurePolicy.Rules[1].OnExitCodes.ContainerName)
	require.Equal(t, []int32{3}, j.Spec.PodFailurePolicy.Rules[1].OnExitCodes.Values)
}

// TestKEDA checks that KEDA looks at the right stream and consumer. If the stream or consumer did
// not exist, KEDA would scale to the maximum.
func TestKEDA(t *testing.T) {
	s := of[scaledObject](t)["alpaca-worker"]
	require.Contains(t, of[appsv1.Deployment](t), s.Spec.ScaleTargetRef.Name)
	require.Len(t, s.Spec.Triggers, 1)
	trigger := s.Spec.Triggers[0]
	require.Equal(t, "nats-jetstream", trigger.Type)
	require.Equal(t, queue.JobsStream, trigger.Metadata["stream"])
	require.Equal(t, "$G", trigger.Metadata["account"])
	require.Regexp(t, `^[0-9a-f]{16}$`, trigger.Metadata["consumer"])
	require.ElementsMatch(t, []string{"natsServerMonitoringEndpoint", "account", "stream", "consumer", "lagThreshold", "activationLagThreshold"},
		slices.Collect(maps.Keys(trigger.Metadata)))
	service := of[corev1.Service](t)["nats"]
	i := slices.IndexFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == "monitor" })
	require.Equal(t, "nats:"+strconv.Itoa(int(service.Spec.Ports[i].Port)), trigger.Metadata["natsServerMonitoringEndpoint"])
}

// TestQueueConfig checks that the queue in Kubernetes has the users and rights of
// deploy/nats.conf, but listens on all addresses and uses TLS.
func TestQueueConfig(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(folder, "nats.conf"))
	require.NoError(t, err)
	_, want, _ := strings.Cut(string(text), "\n\n") // without the comments at its beginning
	want = strings.ReplaceAll(want, "127.0.0.1", "0.0.0.0")
	want = strings.Replace(want, "# To accept connections from other machines, remove the # below and change listen above.\n", "", 1)
	want = regexp.MustCompile(`(?m)^#(tls \{|  cert_file.*|  key_file.*|\})$`).ReplaceAllString(want, "$1")
	require.Equal(t, want, of[corev1.ConfigMap](t)["nats"].Data["nats.conf"])
}

// TestKustomization checks that the Kustomization lists all manifests, and the images that they
// name.
func TestKustomization(t *testing.T) {
	k := of[kustomization](t)[""]
	files, err := filepath.Glob(filepath.Join(folder, "kubernetes", "*.yaml"))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		if name := filepath.Base(file); name != "kustomization.yaml" {
			names = append(names, name)
		}
	}
	require.ElementsMatch(t, names, k.Resources)
	replaced := map[string]bool{}
	for _, image := range k.Images {
		replaced[image.Name] = true
	}
	for name, p := range pods(t) {
		image, _, _ := strings.Cut(only(t, p).Image, "@")
		require.True(t, replaced[image], "%s: %s", name, image)
	}
}
